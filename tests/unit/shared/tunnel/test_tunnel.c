#include "tests/unit/shared/tunnel/pair.h"

static uint64_t seed_of_run;

static uint64_t new_seed(void)
{
	return seed_of_run += 1000003;
}

/* --- chance --- */

static void plan_conn(struct pair *p, int i)
{
	for (int side = 0; side < 2; side++) {
		struct end *e = &p->conns[i].end[side];
		e->plan = pair_below(p, 8) ? pair_some(p, 200000) : 0;
		e->slow = pair_below(p, 6) == 0;
		e->way = pair_below(p, 6) ? END_FIN : pair_below(p, 2) ? END_RESET : END_CLOSE;
	}
}

static void random_act(struct pair *p)
{
	int side = (int)pair_below(p, 2);
	struct end *e = &p->conns[pair_below(p, (uint64_t)p->count)].end[side];
	switch (pair_below(p, 16)) {
	default:
		pair_pump(p, side, 1024 + pair_some(p, 256 * 1024), 1 + pair_some(p, 300000));
		break;
	case 5: case 6: case 7: case 8: case 9:
		if (tunnel_is_attached(p->tunnel[!side])) {
			pair_deliver(p, side, 1 + pair_some(p, 100000));
			assert_int_equal(p->last_error, 0);
		}
		break;
	case 10: case 11:
		if (e->stream && e->dry)
			pair_start(e);
		break;
	case 12: case 13:
		if (e->stream) {
			e->deaf = false;
			end_look(e);
		}
		break;
	case 14:
		p->now += pair_below(p, 10) ? pair_below(p, 30) : pair_below(p, 3000);
		break;
	case 15:
		if (!e->opened && !p->conns[e->conn].end[!side].opened)
			pair_open(p, e->conn, side);
		else if (p->wild && pair_below(p, 60) == 0)
			pair_mischief(p, side);
		break;
	}
}

static void random_cut(struct pair *p)
{
	pair_cut(p);
	unsigned lost = (unsigned)pair_below(p, 4);
	for (unsigned i = 0; i < lost; i++) { /* WELCOME is lost: the relay alone believes in the link */
		pair_attach(p, 0, tunnel_taken(p->tunnel[1]));
		for (unsigned k = (unsigned)pair_below(p, 4); k > 0; k--)
			pair_pump(p, 0, 1024 + pair_some(p, 100000), 1 + pair_some(p, 100000));
		pair_cut(p);
	}
	if (pair_below(p, 4))
		pair_link(p);
}

static void run_random(uint64_t seed, const struct pair_sizes *z, unsigned steps, unsigned cut_one_in)
{
	struct pair p;
	print_message("seed %llu\n", (unsigned long long)seed);
	pair_init_sized(&p, seed, 30, z);
	for (int side = 0; side < 2; side++)
		tunnel_set_rtt(p.tunnel[side], (uint32_t)pair_below(&p, 80));
	for (int i = 0; i < p.count; i++)
		plan_conn(&p, i);
	p.wild = seed % 2;
	pair_link(&p);
	for (unsigned i = 0; i < steps; i++) {
		random_act(&p);
		if (i % 16 == 0)
			for (int side = 0; side < 2; side++)
				check_tunnel(p.tunnel[side]);
		if (cut_one_in && pair_below(&p, cut_one_in) == 0)
			random_cut(&p);
		else if (cut_one_in && !tunnel_is_attached(p.tunnel[0]) && pair_below(&p, 40) == 0)
			pair_link(&p);
	}
	pair_finish(&p);
	pair_fini(&p);
}

static const struct pair_sizes large = {{16 << 20, 16 << 20}, {16 << 20, 16 << 20}};
static const struct pair_sizes smallest = {{2 * (SESSION_CHUNK + 64), 2 * (SESSION_CHUNK + 64)}, {64 * 1024, 64 * 1024}};
static const struct pair_sizes lopsided = {{2 * (SESSION_CHUNK + 64), 16 << 20}, {16 << 20, 64 * 1024}};

static void every_byte_arrives_in_order_by_chance(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		run_random(new_seed(), &large, 6000, 0);
}

static void links_cut_under_load_lose_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		run_random(new_seed(), &large, 8000, 100);
}

static void the_smallest_budgets_block_nobody(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		run_random(new_seed(), &smallest, 6000, i % 2 ? 150 : 0);
		run_random(new_seed(), &lopsided, 6000, i % 2 ? 150 : 0);
	}
}

int main(void)
{
	const char *seed = getenv("SEED");
	seed_of_run = seed ? strtoull(seed, NULL, 10) - 1000003 : (uint64_t)time(NULL);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_arrives_in_order_by_chance),
	    cmocka_unit_test(links_cut_under_load_lose_nothing),
	    cmocka_unit_test(the_smallest_budgets_block_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
