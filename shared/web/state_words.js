// States in words, with what is wrong and the cure where the program says one.
import { element } from './dom.js';
import { date } from './format.js';
import { vocabulary } from './translations.js';

const t = vocabulary();
const PAINT = {
	attached: 'well', open: 'well', up: 'well', yes: 'well', valid: 'well', detached: 'pending', connecting: 'pending', pending: 'pending', paused: 'pending',
	certificate_pending: 'pending', error: 'wrong', down: 'wrong', no: 'wrong', certificate_error: 'wrong',
};
export const state = (word, why, ...values) => element('span', { class: `state ${PAINT[word] ?? ''}` }, t(word, ...values), why && element('span', { class: 'why' }, why));

// An object {state, error}; nothing where nothing is known.
export const stateOf = (o) => (o?.state && o.state !== 'unknown' ? state(o.state, o.error) : null);
export function certificate(c) {
	if (!c?.state || c.state === 'unknown') return null;
	return c.state === 'valid' ? state('valid', c.error, date(c.not_after)) : state(`certificate_${c.state}`, c.error);
}
