// The status while somebody looks: fn(status) at each look, fn(null) while the program does not answer. A hidden page asks nothing.
import { get } from './server.js';

const EVERY_MS = 2000;
let fn, looking = false, again = false;

// At once; a look that is under way is followed by another.
export async function look() {
	if (looking || !fn) {
		again = true;
		return;
	}
	looking = true;
	do {
		again = false;
		let status = null;
		try {
			status = await get('api/v1/status');
		} catch { /* it is tried again */ }
		fn(status);
	} while (again);
	looking = false;
}

export function watch(told) {
	fn = told;
	const lookIfSeen = () => { if (!document.hidden) look(); };
	document.addEventListener('visibilitychange', lookIfSeen);
	setInterval(lookIfSeen, EVERY_MS);
	look();
}
