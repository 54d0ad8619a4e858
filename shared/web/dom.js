// The page as a tree that is made anew at each look and laid over the one that is shown: what is the same stays as it is, with its
// focus and its selection. Every text that came from a peer is put in as text, never as markup.
//
// Children with data-key are known by it. In an element with data-list they come, go and change places only while nobody points at
// it or works in it; what they say changes at once.

const SVG = 'http://www.w3.org/2000/svg';
const STILL_MS = 10000; // a pointer that has rested for so long points at nothing

function fill(e, attributes, children) {
	for (const [key, value] of Object.entries(attributes)) {
		if (value === true) e.setAttribute(key, '');
		else if (value !== undefined && value !== null && value !== false && value !== '') e.setAttribute(key, value);
	}
	e.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== false && c !== ''));
	return e;
}
export const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const drawing = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
export const byId = (id) => document.getElementById(id);

// ---- laying one over the other

let moved = -STILL_MS, asked = false;
for (const event of ['pointermove', 'keydown']) document.addEventListener(event, () => { moved = performance.now(); }, { passive: true });
const isHeld = (list) => !asked && performance.now() - moved < STILL_MS && (list.matches(':hover') || list.contains(document.activeElement));
const keyOf = (node) => node.dataset?.key;

function setAttributes(old, fresh) {
	for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
	for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

function layOne(old, fresh) {
	if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
		old.replaceWith(fresh);
	} else if (old.nodeType === Node.TEXT_NODE) {
		if (old.data !== fresh.data) old.data = fresh.data;
	} else if (!old.isEqualNode(fresh)) {
		setAttributes(old, fresh);
		layChildren(old, [...fresh.childNodes]);
	}
}

function layList(old, fresh, known) {
	const held = known.size > 0 && isHeld(old);
	if (!held) {
		const wanted = new Set(fresh.map(keyOf));
		for (const [key, node] of known) if (!wanted.has(key)) node.remove();
	}
	let at = old.firstChild;
	for (const node of fresh) {
		const same = known.get(keyOf(node));
		if (!same) {
			if (!held) old.insertBefore(node, at);
			continue;
		}
		if (held || same === at) at = same.nextSibling;
		else old.insertBefore(same, at);
		layOne(same, node);
	}
}

function layChildren(old, fresh) {
	if (old.dataset?.list !== undefined) {
		const known = new Map([...old.childNodes].map((node) => [keyOf(node), node]));
		layList(old, fresh, known);
		return;
	}
	const there = [...old.childNodes];
	fresh.forEach((node, i) => (i < there.length ? layOne(there[i], node) : old.append(node)));
	for (const node of there.slice(fresh.length)) node.remove();
}

// by: somebody asked for it (a search, another page): lists change under the pointer, too.
export function lay(old, fresh, by = false) {
	asked = by;
	layChildren(old, fresh.flat().filter(Boolean));
	asked = false;
}

// ---- what a click does: elements name it with data-act, and what it is about with data-of

const acts = new Map();
export const onAct = (name, fn) => acts.set(name, fn);
document.addEventListener('click', (event) => {
	const target = event.target.closest?.('[data-act]');
	if (target) acts.get(target.dataset.act)?.(target.dataset.of, target);
});
export const button = (act, of, label, attributes = {}) => element('button', { type: 'button', 'data-act': act, 'data-of': of, ...attributes }, label);

// Said below the page and to screen readers, for a while.
let hush;
export function say(text) {
	byId('said').textContent = text;
	clearTimeout(hush);
	hush = setTimeout(() => { byId('said').textContent = ''; }, 6000);
}

// ---- tables: head is a list of [label, is it a number]; a row is {key, cells, wrong}. On a narrow screen each row is a card.

export function table(head, rows, attributes = {}) {
	const cell = (c, i) => element('td', { class: head[i][1] ? 'number' : '', 'data-label': head[i][0] }, ...[c].flat());
	return element('table', attributes,
		element('thead', {}, element('tr', {}, ...head.map(([label, number]) => element('th', { scope: 'col', class: number ? 'number' : '' }, label)))),
		element('tbody', { 'data-list': true }, ...rows.map((r) => element('tr', { 'data-key': r.key }, ...r.cells.map(cell)))));
}
