// Pages that keep themselves up to date, if the reader likes. Every page does without.
"use strict";

// A refresh asks for the page again and puts in those of its parts that have changed. What
// is being read stays where it is in the window: when it cannot, a button says that there
// is something new.
const refresh = document.getElementById("refresh");
const news = document.getElementById("show-news");
const parts = page => new Map([...page.querySelectorAll("[data-live]")].map(part => [part.id, part]));

// content is what a part says, without the ages that go on by themselves.
const content = part => part.innerHTML
	.replace(/<time datetime="([^"]*)"[^>]*>[^<]*/g, "$1")
	.replace(/<details open="">/g, "<details>");

// keyOf tells rows apart, before and after.
function keyOf(row) {
	const link = row?.querySelector("a[data-row]");
	const text = selector => row?.querySelector(selector)?.textContent ?? "";
	return link?.getAttribute("href") ?? (text(".name") + text(".key") || null);
}

const rowOf = e => e?.closest("[data-live] tr, [data-live] li");
const rowWith = key => [...document.querySelectorAll("[data-live] tr, [data-live] li")].find(row => keyOf(row) === key);

// busy tells whether the reader is at something in that part that would be lost.
function busy(part) {
	const selection = getSelection();
	return part.querySelector("input[name=id]:checked") !== null
		|| part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")
		|| !selection.isCollapsed && part.contains(selection.anchorNode);
}

// reading returns what the reader looks at, as a function that finds it again after the
// change, and null when it will be gone: the row with the focus, else what is in the upper
// part of the window.
function reading(changed, fresh) {
	const focused = rowOf(document.activeElement);
	const e = focused ?? document.elementFromPoint(innerWidth / 2, innerHeight / 3) ?? document.body;
	const part = changed.find(part => part.contains(e));
	if (!part) {
		return {find: () => e, top: e.getBoundingClientRect().top};
	}
	const row = rowOf(e), key = keyOf(row);
	if (!key) {
		return {find: () => document.getElementById(part.id), top: part.getBoundingClientRect().top};
	}
	const stays = [...fresh.get(part.id).querySelectorAll("tr, li")].some(row => keyOf(row) === key);
	return stays ? {find: () => rowWith(key), top: row.getBoundingClientRect().top} : null;
}

// put replaces the parts, and gives back the focus and what was unfolded.
function put(changed, fresh) {
	const focus = document.activeElement.matches("[data-live] a") ? document.activeElement.getAttribute("href") : null;
	const open = [...document.querySelectorAll("[data-live] tr:has(details[open])")].map(keyOf);
	for (const part of changed) {
		part.replaceWith(fresh.get(part.id));
	}
	for (const key of open) {
		rowWith(key)?.querySelector("details")?.setAttribute("open", "");
	}
	if (focus !== null && !document.activeElement.matches("[data-live] a")) {
		[...document.querySelectorAll("[data-live] a")].find(a => a.getAttribute("href") === focus)?.focus({preventScroll: true});
	}
}

async function update(byHand) {
	const answer = await fetch(location.href, {headers: {Accept: "text/html"}});
	if (!answer.ok) {
		return;
	}
	const fresh = parts(new DOMParser().parseFromString(await answer.text(), "text/html"));
	const changed = [...parts(document).values()].filter(part => fresh.has(part.id) && content(part) !== content(fresh.get(part.id)));
	const at = reading(changed, fresh);
	news.hidden = byHand || Boolean(at) && !changed.some(busy);
	if (!news.hidden) {
		return;
	}
	put(changed, fresh);
	setNow();
	findTimes(document);
	goOn();
	if (at) {
		hold(at);
	}
}

// hold scrolls what is read back to where it was, and makes the page longer where it ends
// too early for that.
function hold(at) {
	const moved = () => Math.round((at.find()?.getBoundingClientRect().top ?? at.top) - at.top);
	scrollBy({top: moved(), behavior: "instant"});
	const left = moved();
	if (left !== 0) {
		const main = document.getElementById("main");
		const side = left > 0 ? "paddingBottom" : "paddingTop";
		main.style[side] = `${parseFloat(getComputedStyle(main)[side]) + Math.abs(left)}px`;
		scrollBy({top: moved(), behavior: "instant"});
	}
}

// The choice is the reader's, for all pages. A browser may keep nothing: it then holds for
// this one.
const stored = (action, ...args) => {
	try {
		return localStorage[action]("refresh", ...args);
	} catch {
		return null;
	}
};

let timer;
function schedule() {
	clearInterval(timer);
	if (refresh.value !== "0") {
		timer = setInterval(() => {
			if (!document.hidden) {
				update(false).catch(() => {}); // the next one may succeed; the page says as of when it is
			}
		}, refresh.value * 1000);
	}
}

refresh.value = stored("getItem") ?? "0";
if (refresh.selectedIndex < 0) {
	refresh.value = "0";
}
refresh.closest("[hidden]").hidden = false;
refresh.addEventListener("change", () => {
	stored("setItem", refresh.value);
	schedule();
});
news.addEventListener("click", () => update(true).catch(() => {}));
schedule();
