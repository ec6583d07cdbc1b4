// What is more convenient with a script. Every page does without.
"use strict";

// Links to the pages of a Periskop server, /#/service/errors/key, lead to the same here.
// What comes after the # never reaches the server.
const old = location.hash.match(/^#\/([^/]+)(?:\/errors\/?(.*?)\/?)?$/);
if (old) {
	const [service, key] = [old[1], old[2] || ""].map(part => {
		try {
			return decodeURIComponent(part);
		} catch {
			return part; // it was written by hand
		}
	});
	const root = document.querySelector(".brand").href;
	const query = new URLSearchParams(key ? {service_name: service, aggregation_key: key} : {service_name: service});
	location.replace(`${root}${key ? "trace" : "exceptions"}?${query}`);
}

// Buttons that copy the text of an element, the address of a link, or what is at an
// address, to the clipboard.
for (const button of document.querySelectorAll("button[data-copy], button[data-copy-from]")) {
	const label = button.textContent;
	button.hidden = false;
	button.addEventListener("click", async () => {
		const done = await copy(textFor(button));
		button.textContent = done ? "Copied" : "Failed";
		setTimeout(() => { button.textContent = label; }, 2000);
	});
}

async function textFor(button) {
	if (!button.dataset.copyFrom) {
		const from = document.getElementById(button.dataset.copy);
		return from.href || from.textContent.trim();
	}
	const answer = await fetch(button.dataset.copyFrom);
	if (!answer.ok) {
		throw new Error(`status ${answer.status}`);
	}
	return answer.text();
}

// The clipboard is only there on https and localhost; a selection works everywhere. It is
// given a promise, as some browsers take nothing once a click is over.
async function copy(text) {
	try {
		const blob = text.then(s => new Blob([s], {type: "text/plain"}));
		await navigator.clipboard.write([new ClipboardItem({"text/plain": blob})]);
		return true;
	} catch {
		return text.then(select, () => false);
	}
}

function select(text) {
	const area = document.createElement("textarea");
	area.value = text;
	area.className = "unseen";
	document.body.append(area);
	area.select();
	const done = document.execCommand("copy");
	area.remove();
	return done;
}

const help = document.getElementById("keys");
const opener = document.getElementById("open-keys");
opener.hidden = false;
opener.addEventListener("click", () => help.showModal());

// step moves the focus to the next row of the list, or the one before.
function step(by) {
	const rows = [...document.querySelectorAll("[data-row]")].filter(row => row.checkVisibility());
	if (rows.length === 0) {
		return;
	}
	const at = rows.indexOf(document.activeElement);
	const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
	rows[to].focus();
	rows[to].scrollIntoView({block: "nearest"});
}

const follow = rel => document.querySelector(`a[rel=${rel}]`)?.click();

const keys = {
	"j": () => step(1),
	"k": () => step(-1),
	"n": () => follow("next"),
	"p": () => follow("prev"),
	"/": () => document.querySelector("input[type=search][name=q]")?.focus(),
	"?": () => help.showModal(),
};

document.addEventListener("keydown", event => {
	const writing = event.target.closest("input, select, textarea");
	if (writing && event.key === "Escape") {
		event.target.blur();
	}
	if (writing || help.open || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) {
		return;
	}
	event.preventDefault();
	keys[event.key]();
});
