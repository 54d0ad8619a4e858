// Windows over the page. Escape and the first button close them, and the focus goes back to where it was.
import { element, byId, say, button, onAct } from './dom.js';
import { breakable } from './format.js';
import { picture } from './qr.js';
import { said } from './sentences.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	more: 'More options', copied: 'Copied', not_copied: 'The browser did not let it be copied; it is selected now.', qr_code: 'QR code',
}, {
	more: '更多选项', copied: '已复制', not_copied: '浏览器不允许复制，文本已选中。', qr_code: '二维码',
});

let count = 0;
// buttons: elements; body: the same. The dialog goes when it is closed.
export function open(title, ...body) {
	const id = `dialog-${++count}`;
	const dialog = element('dialog', { 'aria-labelledby': id }, element('h2', { id }, title), ...body);
	dialog.addEventListener('close', () => dialog.remove());
	byId('windows').append(dialog);
	dialog.showModal();
	return dialog;
}

export const closer = (label) => {
	const b = element('button', { type: 'button' }, label);
	b.addEventListener('click', () => b.closest('dialog').close());
	return b;
};

// Also of an empty value, which is no attribute of an element.
function option(value, label, selected) {
	const o = element('option', { selected }, label);
	o.value = value;
	return o;
}

// What the program says is wrong, of a field by its label: it begins with the field's name there ("allow[0]: …"). Several names may mean
// one field (also); of two fields the one that holds something is meant.
function trouble(message, fields, inputs) {
	const [, name, what] = /^(?:map: |request: )?([a-z_]+)(?:\[\d+\])?: (.+)$/s.exec(message) ?? [];
	const meant = fields.map((f, i) => [f, inputs[i]]).filter(([f]) => f.name === name || f.also?.includes(name));
	const [field, input] = meant.find(([, i]) => i.value) ?? meant[0] ?? [];
	if (!field) return said(message.replace(/^(?:map|request): /, ''));
	input.setAttribute('aria-invalid', 'true');
	const details = input.closest('details');
	if (details) details.open = true;
	input.focus();
	return `${field.label}: ${said(what)}`;
}

// A form. fields: {name, label, value, type, hint, required, options, more, also}, those with more behind a click; send(values) may throw, and what it says is shown. Without fields it
// asks whether to go on.
export function form(title, { text, fields = [], verb, danger = false, send }) {
	const inputs = fields.map((f) => {
		const id = `field-${count + 1}-${f.name}`, hint = f.hint && `${id}-hint`;
		const common = { id, name: f.name, 'aria-describedby': hint, required: f.required === true };
		const input = f.options
			? element('select', common, ...f.options.map(([value, label]) => option(value, label, value === f.value)))
			: element('input', { ...common, type: f.type, value: f.value, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' });
		return element('p', {}, element('label', { for: id }, f.label), input, f.hint && element('span', { id: hint, class: 'quiet' }, f.hint));
	});
	const plain = inputs.filter((_, i) => !fields[i].more), more = inputs.filter((_, i) => fields[i].more);
	const rest = more.length > 0 && element('details', { open: fields.some((f) => f.more && f.value) }, element('summary', {}, t('more')), ...more);
	const wrong = element('p', { role: 'alert', class: 'wrong' });
	const go = element('button', { type: 'submit', class: danger ? 'danger' : 'main' }, verb);
	const body = element('form', { method: 'dialog' }, text && element('p', {}, text), ...plain, rest, wrong, element('p', { class: 'buttons' }, closer(t('cancel')), go));
	const dialog = open(title, body);
	body.addEventListener('submit', async (event) => {
		event.preventDefault();
		wrong.textContent = '';
		for (const input of body.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
		go.disabled = true;
		try {
			await send(Object.fromEntries(new FormData(body)));
			dialog.close();
		} catch (error) {
			wrong.textContent = trouble(error.message, fields, fields.map((f) => body.elements[f.name]));
		}
		go.disabled = false;
	});
	if (!fields.length) body.querySelector('.buttons button').focus();
	return dialog;
}

// A text to take along: shown whole, to be copied, and as a QR code.
export function carry(title, text, ...notes) {
	return open(title, ...notes, element('pre', { class: 'line', tabindex: '0', 'aria-label': title }, ...breakable(text)), picture(text, t('qr_of', title)),
		element('p', { class: 'buttons' }, closer(t('close')), button('copy', text, t('copy'), { class: 'main' })));
}

onAct('copy', async (text, by) => {
	try {
		await navigator.clipboard.writeText(text);
		say(t('copied'));
	} catch {
		const shown = by.closest('dialog')?.querySelector('.line');
		if (shown) getSelection().selectAllChildren(shown);
		say(t('not_copied'));
	}
});
onAct('qr', (text) => carry(t('qr_code'), text));
