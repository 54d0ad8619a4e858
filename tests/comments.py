#!/usr/bin/env python3
"""Identifiers and files that a comment names and that are not there, as FILE:LINE: WORD; and sources of over 200 lines that do not open
with their story. Run in the root of the tree."""
import os
import re

# Names of other people's code that comments may speak of.
FOREIGN = re.compile(r'(uv|json|http_parser|sqlite3|ldns|SSL|EVP|BIO)_|[A-Z]*SO_|UV_E|PP2_|TCP_|close_notify$|sd_notify$'
                     r'|MONOTONIC_USEC$|AUTO_RETRY$|HTTP_PROXY$|PIPE_BUF$|nf_|net_')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)
FILE = re.compile(r'(?<![<\w/.-])[\w/]+\.[ch]\b(?!>)')
WORD = re.compile(r'\b([a-z]\w*_\w+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b(?!\.[a-z])|\b([a-z_]\w*)\(\)')


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


def main():
    code, comments, files = set(), [], set()
    for path, text in sources():
        files.update((path, os.path.basename(path)))
        code.update(re.findall(r'\b[A-Za-z_]\w*\b', COMMENT.sub(' ', text)))
        if not path.startswith('tests'):
            if path.endswith('.c') and text.count('\n') > 200 and not has_story(text):
                print('%s has over 200 lines and no story' % path)
            comments += [(path, text.count('\n', 0, m.start()) + 1, m.group(0)) for m in COMMENT.finditer(text)]
    for path, line, comment in comments:
        for found in FILE.finditer(comment):
            if found.group(0) not in files:
                print('%s:%d: %s' % (path, line + comment.count('\n', 0, found.start()), found.group(0)))
        for found in WORD.finditer(comment):
            word = found.group(1) or found.group(2)
            if word not in code and not word.endswith('_') and not FOREIGN.match(word):
                print('%s:%d: %s' % (path, line + comment.count('\n', 0, found.start()), word))


main()
