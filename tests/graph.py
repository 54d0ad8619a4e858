#!/usr/bin/env python3
"""Circles of files, rooms of the relay that use what is above them, and what is exported to nobody. Prints what is
wrong.

A file is a noun (its .c and .h together). It uses another when it includes its header, or names a
function or object that the other's header declares. Run in the root of the tree.
"""
import os
import re
import sys

# From the lowest up; files of relay/ itself are above them all, but for those in BELOW.
ROOMS = ['relay/accounts', 'relay/dns', 'relay/providers', 'relay/doors', 'relay/agents', 'relay/names', 'relay/admin']
BELOW = {'relay/config', 'relay/context', 'relay/store'}
# The pieces of one machine, which share their insides by a header of their own.
ONE_MACHINE = [{'shared/tunnel/tunnel', 'shared/tunnel/tunnel_internal', 'shared/tunnel/stream',
                'shared/tunnel/scheduler', 'shared/tunnel/datagram_queue'},
               {'shared/acme/acme_client', 'shared/acme/acme_client_parts',
                'shared/acme/acme_answer'}]


def sources(tops=('shared', 'relay', 'agent')):
    for top in tops:
        for folder, _, files in os.walk(top):
            for name in sorted(files):
                if name.endswith(('.c', '.h')):
                    yield os.path.join(folder, name)


def strip(text):
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    text = re.sub(r'//[^\n]*', ' ', text)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def declared(text):
    """What a header offers: functions, and objects that are extern."""
    names = set()
    depth = 0
    flat = ''
    for c in strip(re.sub(r'^\s*#.*?(?<!\\)$', '', text, flags=re.M | re.S)):
        depth -= c == '}'
        if depth <= 0 or c in '{}':
            flat += c
        depth += c == '{'
    for statement in re.split(r'[;}]', flat):
        if re.match(r'\s*(typedef|static)\b', statement):
            continue
        found = re.search(r'(\w+)\s*\(', re.sub(r'__attribute__\s*\(\(.*?\)\)', '', statement))
        if re.match(r'\s*extern\b', statement):
            names.update(w for w in re.findall(r'(\w+)\s*(?:\[[^]]*\])?\s*(?:,|$)', statement.strip()))
        elif found:
            names.add(found.group(1))
    return names


def graph():
    owner, uses, texts = {}, {}, {}
    for path in sources():
        noun = path[:-2]
        text = open(path, encoding='utf8').read()
        texts.setdefault(noun, []).append(text)
        if path.endswith('.h'):
            for name in declared(text):
                owner.setdefault(name, noun)
    for noun, parts in texts.items():
        uses[noun] = set()
        for text in parts:
            for header in re.findall(r'#include "([^"]+)\.h"', text):
                uses[noun].add(header)
            code = strip(text)
            own = set(re.findall(r'^static\b[^;={]*?(\w+)\(', code, flags=re.M))
            # called or handed on; not a member of that name
            for word in set(re.findall(r'(?<![\w.>])(\w+)(?=\s*[(,)}\[])', code)) - own:
                if word in owner:
                    uses[noun].add(owner[word])
        uses[noun].discard(noun)
    return uses


def circles(uses):
    index, low, stack, on, out = {}, {}, [], set(), []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        on.add(v)
        for w in sorted(uses.get(v, ())):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            members = []
            while True:
                w = stack.pop()
                on.discard(w)
                members.append(w)
                if w == v:
                    break
            if len(members) > 1:
                out.append(sorted(members))

    sys.setrecursionlimit(10000)
    for v in sorted(uses):
        if v not in index:
            visit(v)
    return out


def macros(text):
    """(name, the words in its body) of each macro that text defines."""
    for name, body in re.findall(r'^#define (\w+)((?:[^\n]*\\\n)*[^\n]*)', text, re.M):
        yield name, set(re.findall(r'\w+', body))


def unused():
    """What a header declares and no other file names, the tests' either. A macro of the header that another file names, names what
    is in it there."""
    words, owner, bodies = {}, {}, []
    for path in sources(('shared', 'relay', 'agent', 'tests')):
        text = open(path, encoding='utf8').read()
        for word in set(re.findall(r'\w+', strip(text))):
            words.setdefault(word, set()).add(path[:-2])
        if path.endswith('.h') and not path.startswith('tests'):
            owner.update((name, path[:-2]) for name in declared(text))
            bodies.extend(macros(strip(text)))
    for macro, body in bodies:
        for word in body & owner.keys():
            words[word] |= words[macro]
    return sorted((noun, name) for name, noun in owner.items() if words[name] == {noun})


def room(noun):
    folder = os.path.dirname(noun)
    if folder == 'relay':
        return len(ROOMS)
    return ROOMS.index(folder) if folder in ROOMS else None


def main():
    uses = graph()
    for members in circles(uses):
        if not any(set(members) <= machine for machine in ONE_MACHINE):
            print('a circle of files: ' + ' '.join(members))
    for noun, name in unused():
        print('%s.h declares %s, which no other file uses' % (noun, name))
    for noun, others in sorted(uses.items()):
        mine = room(noun)
        if mine is None or noun in BELOW:
            continue
        for other in sorted(others):
            theirs = room(other)
            if theirs is not None and other not in BELOW and theirs > mine:
                print('%s uses %s, which is above it' % (noun, other))


if __name__ == '__main__':
    main()
