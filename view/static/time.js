// Times that go on. Every page does without.
"use strict";

// What the server calls now goes on from when the page was made: the reader's clock may be
// another.
let made, loaded;
function setNow() {
	made = Date.parse(document.querySelector("#made time").dateTime);
	loaded = Date.now();
}
setNow();
const now = () => made + Date.now() - loaded;

// distance says how long that is, as the server does: in the largest unit, rounded down.
function distance(ms) {
	const second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
	const say = (n, unit) => `${Math.floor(n)} ${unit}${Math.floor(n) === 1 ? "" : "s"}`;
	if (ms < second) return "";
	if (ms < minute) return say(ms / second, "second");
	if (ms < hour) return say(ms / minute, "minute");
	if (ms < 2 * day) return say(ms / hour, "hour");
	if (ms < 60 * day) return say(ms / day, "day");
	if (ms < 730 * day) return say(ms / (30 * day), "month");
	return say(ms / (365 * day), "year");
}

const agePattern = /^(?:just now|(in )?\d+ (?:second|minute|hour|day|month|year)s?( ago)?)$/;
const local = new Intl.DateTimeFormat(undefined, {dateStyle: "full", timeStyle: "long"});

// The ages of a page: pieces of text that say how long ago something was, or for how long.
let ages = [];
function findTimes(root) {
	ages = ages.filter(age => age.text.isConnected);
	for (const time of root.querySelectorAll("time[datetime]")) {
		const at = Date.parse(time.dateTime);
		time.title = local.format(at); // in the reader's own zone
		const text = [...time.childNodes].find(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
		const found = text?.data.trim().match(agePattern);
		if (found) {
			ages.push({text, at, moment: Boolean(found[1] || found[2]) || found[0] === "just now", after: text.data.endsWith(" ") ? " " : ""});
		}
	}
}
findTimes(document);

function goOn() {
	for (const {text, at, moment, after} of ages) {
		const far = at - now(), words = distance(Math.abs(far));
		let said = words || "0 seconds";
		if (moment) {
			said = !words ? "just now" : far < 0 ? `${words} ago` : `in ${words}`;
		}
		if (text.data !== said + after) {
			text.data = said + after;
		}
	}
}
setInterval(goOn, 1000);
