#!/usr/bin/env python3
"""Identifiers, files, fields (struct.field) and what a file is said to have (file.h's function) that a comment names and that are not there,
as FILE:LINE: WORD; and sources of over 200 lines that do not open with their story. Run in the root of the tree."""
import os
import re

# Names of other people's code that comments may speak of.
FOREIGN = re.compile(r'(uv|json|http_parser|sqlite3|ldns|SSL|EVP|BIO)_|[A-Z]*SO_|UV_E|PP2_|TCP_|close_notify$|sd_notify$'
                     r'|MONOTONIC_USEC$|AUTO_RETRY$|HTTP_PROXY$|PIPE_BUF$|nf_|net_')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)
FILE = re.compile(r'(?<![<\w/.-])[\w/]+\.[ch]\b(?!>)')
WORD = re.compile(r'\b([a-z]\w*_\w+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b(?!\.[a-z])|\b([a-z_]\w*)\(\)')
FIELD = re.compile(r'(?<![\w./"-])([a-z]\w*)\.([a-z]\w*)\b')
OF_FILE = re.compile(r"\b(\w+\.[ch])'s (\w+_\w+)\b")
SUFFIXES = {'c', 'h', 'json', 'key', 'crt'}
STRUCT = re.compile(r'\bstruct (\w+)\s*\{')


def sources():
    for top in ('shared', 'relay', 'agent', 'tests'):
        for folder, _, files in os.walk(top):
            for name in sorted(files):
                if name.endswith(('.c', '.h')):
                    path = os.path.join(folder, name)
                    yield path, open(path, encoding='utf8').read()


def has_story(text):
    """A comment of some words before the first header of our own."""
    return len(''.join(COMMENT.findall(text.split('#include "')[0])).split()) > 12


def bodies(code):
    """Each struct with the words between its braces."""
    for m in STRUCT.finditer(code):
        end, depth = m.end(), 1
        while depth:
            depth += {'{': 1, '}': -1}.get(code[end], 0)
            end += 1
        yield m.group(1), re.findall(r'\w+', code[m.end():end])


def main():
    code, comments, files = set(), [], set()
    fields, of_file = {}, {}
    for path, text in sources():
        files.update((path, os.path.basename(path)))
        bare = COMMENT.sub(' ', text)
        words = re.findall(r'\b[A-Za-z_]\w*\b', bare)
        code.update(words)
        of_file.setdefault(os.path.basename(path), set()).update(words)
        for struct, inside in bodies(bare):
            fields.setdefault(struct, set()).update(inside)
        if not path.startswith('tests'):
            if path.endswith('.c') and text.count('\n') > 200 and not has_story(text):
                print('%s has over 200 lines and no story' % path)
            comments += [(path, text.count('\n', 0, m.start()) + 1, m.group(0)) for m in COMMENT.finditer(text)]
    for path, line, comment in comments:
        wrong = [m for m in FILE.finditer(comment) if m.group(0) not in files]
        for m in FIELD.finditer(comment):
            struct, field = m.groups()
            known = field in fields[struct] if struct in fields else '_' not in struct or struct in code
            wrong += [] if known or field in SUFFIXES else [m]
        wrong += [m for m in OF_FILE.finditer(comment) if m.group(2) not in of_file.get(m.group(1), ())]
        for m in WORD.finditer(comment):
            word = m.group(1) or m.group(2)
            if word not in code and not word.endswith('_') and not FOREIGN.match(word):
                wrong.append(m)
        for m in wrong:
            print('%s:%d: %s' % (path, line + comment.count('\n', 0, m.start()), m.group(0)))


main()
