// What Grafana's packages look for when they are loaded, as they are made for a browser.
class Observer {}

Object.assign(globalThis, {
  window: Object.assign(new EventTarget(), { location: { origin: '', pathname: '', search: '' } }),
  IntersectionObserver: Observer,
  ResizeObserver: Observer,
});
globalThis.navigator ??= { language: 'en', languages: ['en'] };
