// QR codes (ISO/IEC 18004) of bytes, with level M of error correction: bits → blocks with Reed-Solomon → the grid → the mask that
// reads best. Versions 1 to 20, up to 666 bytes.
import { drawing } from './dom.js';

// Of each version: codewords in all, check words of a block, blocks.
const VERSIONS = [
	[26, 10, 1], [44, 16, 1], [70, 26, 1], [100, 18, 2], [134, 24, 2], [172, 16, 4], [196, 18, 4], [242, 22, 4], [292, 22, 5], [346, 26, 5],
	[404, 30, 5], [466, 22, 8], [532, 22, 9], [581, 24, 9], [655, 24, 10], [733, 28, 10], [815, 28, 11], [901, 26, 13], [991, 26, 14], [1085, 26, 16],
];
const QUIET = 4;

// ---- the field of 256 elements, by x⁸ + x⁴ + x³ + x² + 1

const EXP = new Uint8Array(512), LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
	EXP[i] = EXP[i + 255] = x;
	LOG[x] = i;
	x = x << 1 ^ (x & 0x80 ? 0x11d : 0);
}
const times = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

function checkWords(data, count) {
	let divisor = [1];
	for (let i = 0; i < count; i++) {
		const next = [...divisor, 0];
		divisor.forEach((c, j) => { next[j + 1] ^= times(c, EXP[i]); });
		divisor = next;
	}
	const rest = new Array(count).fill(0);
	for (const byte of data) {
		const factor = byte ^ rest.shift();
		rest.push(0);
		for (let i = 0; i < count; i++) rest[i] ^= times(divisor[i + 1], factor);
	}
	return rest;
}

// ---- codewords

const roomOf = ([all, check, blocks]) => all - check * blocks;
const lengthBits = (version) => (version < 10 ? 8 : 16);
const versionFor = (bytes) => 1 + VERSIONS.findIndex((v, i) => bytes.length * 8 + 4 + lengthBits(i + 1) <= roomOf(v) * 8);

function dataWords(bytes, version) {
	const bits = [], put = (value, count) => { for (let i = count - 1; i >= 0; i--) bits.push(value >> i & 1); };
	const room = roomOf(VERSIONS[version - 1]);
	put(4, 4);
	put(bytes.length, lengthBits(version));
	for (const byte of bytes) put(byte, 8);
	put(0, Math.min(4, room * 8 - bits.length));
	put(0, -bits.length & 7);
	for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
	return Array.from({ length: room }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((word, bit) => word << 1 | bit, 0));
}

// Word for word in turn of each block; the later blocks hold one word more.
function interleaved(words, version) {
	const [all, check, blocks] = VERSIONS[version - 1], short = Math.floor(all / blocks) - check, longer = all % blocks;
	const data = Array.from({ length: blocks }, (_, i) => words.slice(i * short + Math.max(0, i - blocks + longer), (i + 1) * short + Math.max(0, i + 1 - blocks + longer)));
	const checks = data.map((block) => checkWords(block, check)), out = [];
	for (let i = 0; i <= short; i++) for (const block of data) if (i < block.length) out.push(block[i]);
	for (let i = 0; i < check; i++) for (const block of checks) out.push(block[i]);
	return out;
}

// ---- the grid

const sizeOf = (version) => version * 4 + 17;

function alignments(version) {
	const count = version === 1 ? 0 : Math.floor(version / 7) + 2, last = sizeOf(version) - 7;
	const step = count > 1 ? Math.ceil((last - 6) / (count - 1) / 2) * 2 : 0;
	return Array.from({ length: count }, (_, i) => (i ? last - step * (count - 1 - i) : 6));
}

// value with the rest of its division by a generator behind it
function checked(value, generator, bits) {
	let rest = value;
	for (let i = 0; i < bits; i++) rest = rest << 1 ^ (rest >> bits - 1) * generator;
	return value << bits | rest;
}

class Grid {
	constructor(version) {
		this.version = version;
		this.size = sizeOf(version);
		this.dark = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
		this.fixed = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
		this.patterns();
	}

	set(x, y, dark) {
		if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
		this.dark[y][x] = dark;
		this.fixed[y][x] = true;
	}

	patterns() {
		const { size, version } = this, places = alignments(version), last = places.length - 1;
		for (let i = 0; i < size; i++) {
			this.set(6, i, i % 2 === 0);
			this.set(i, 6, i % 2 === 0);
		}
		for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) this.square(x, y, 4, (d) => d !== 2 && d !== 4);
		places.forEach((x, i) => places.forEach((y, j) => {
			if (!(i === 0 && j === 0 || i === 0 && j === last || i === last && j === 0)) this.square(x, y, 2, (d) => d !== 1);
		}));
		this.format(0);
		const bits = checked(version, 0x1f25, 12);
		for (let i = 0; version >= 7 && i < 18; i++) {
			this.set(size - 11 + i % 3, Math.floor(i / 3), bits >> i & 1);
			this.set(Math.floor(i / 3), size - 11 + i % 3, bits >> i & 1);
		}
	}

	square(x, y, reach, isDark) {
		for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) this.set(x + dx, y + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
	}

	// Level M is 0.
	format(mask) {
		const bits = checked(mask, 0x537, 10) ^ 0x5412, { size } = this, bit = (i) => (bits >> i & 1) === 1;
		for (let i = 0; i < 6; i++) this.set(8, i, bit(i));
		this.set(8, 7, bit(6));
		this.set(8, 8, bit(7));
		this.set(7, 8, bit(8));
		for (let i = 9; i < 15; i++) this.set(14 - i, 8, bit(i));
		for (let i = 0; i < 8; i++) this.set(size - 1 - i, 8, bit(i));
		for (let i = 8; i < 15; i++) this.set(8, size - 15 + i, bit(i));
		this.set(8, size - 8, true);
	}

	// Two columns at a time from the right, up and down in turn, past the column of the timing pattern.
	fill(words) {
		let i = 0;
		for (let right = this.size - 1; right >= 1; right -= 2) {
			if (right === 6) right = 5;
			for (let step = 0; step < this.size; step++) for (const x of [right, right - 1]) {
				const y = (right + 1 & 2) === 0 ? this.size - 1 - step : step;
				if (!this.fixed[y][x] && i < words.length * 8) this.dark[y][x] = (words[i >> 3] >> 7 - (i++ & 7) & 1) === 1;
			}
		}
	}

	mask(number) {
		const flips = [
			(x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3, (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
			(x, y) => x * y % 2 + x * y % 3, (x, y) => (x * y % 2 + x * y % 3) % 2, (x, y) => ((x + y) % 2 + x * y % 3) % 2,
		][number];
		for (let y = 0; y < this.size; y++) for (let x = 0; x < this.size; x++) if (!this.fixed[y][x] && flips(x, y) === 0) this.dark[y][x] = !this.dark[y][x];
	}

	// How badly it reads: long runs, blocks, what looks like a finder, too much of one colour.
	penalty() {
		const { size, dark } = this;
		let total = 0, count = 0;
		const columns = dark.map((_, x) => dark.map((row) => row[x]));
		for (const line of [...dark, ...columns].map((row) => row.map((d) => (d ? '1' : '0')).join(''))) {
			for (const run of line.match(/0{5,}|1{5,}/g) ?? []) total += run.length - 2;
			for (let at = 0; at + 11 <= size; at++) if (line.startsWith('10111010000', at) || line.startsWith('00001011101', at)) total += 40;
		}
		for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
			count += dark[y][x];
			if (x && y && dark[y][x] === dark[y - 1][x] && dark[y][x] === dark[y][x - 1] && dark[y][x] === dark[y - 1][x - 1]) total += 3;
		}
		return total + Math.floor(Math.abs(count * 20 - size * size * 10) / (size * size)) * 10;
	}
}

// Rows of booleans, or null where the text is too long.
export function grid(text) {
	const bytes = new TextEncoder().encode(text), version = versionFor(bytes);
	if (!version) return null;
	const g = new Grid(version);
	g.fill(interleaved(dataWords(bytes, version), version));
	let best = 0, least = Infinity;
	for (let mask = 0; mask < 8; mask++) {
		g.mask(mask);
		g.format(mask);
		const penalty = g.penalty();
		if (penalty < least) [best, least] = [mask, penalty];
		g.mask(mask);
	}
	g.mask(best);
	g.format(best);
	return g.dark;
}

// A picture with that name, dark on light also where the page is dark; null as grid().
export function picture(text, name) {
	const rows = grid(text);
	if (!rows) return null;
	const side = rows.length + 2 * QUIET;
	const d = rows.map((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : '')).join('')).join('');
	return drawing('svg', { class: 'qr', viewBox: `0 0 ${side} ${side}`, role: 'img', 'aria-label': name, 'shape-rendering': 'crispEdges' },
		drawing('rect', { width: side, height: side, fill: '#fff' }), drawing('path', { d, fill: '#000' }));
}
