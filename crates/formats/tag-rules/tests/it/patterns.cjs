// What JavaScript makes of patterns, and which characters are one to it without regard to case; written as `patterns.json`.
'use strict';

// A sequence that is the same each time (Numerical Recipes).
let state = 1;
const below = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
const one = (all) => all[below(all.length)];

const written = [
  ['(a){0}|(b)', '', 'b'],
  ['(a)|(b){0}', '', 'a'],
  ['a*', 'g', 'ab'],
  ['', 'g', 'ab'],
  ['a', 'gy', 'aab'],
  ['b', 'y', 'ab'],
  ['a|b', 'y', 'ba'],
  ['^a', 'gm', 'a\na'],
  ['^', 'gm', 'a\n\nb'],
  ['\\B', 'g', 'ab c'],
  ['\\Bb', '', 'b ab'],
  ['\\bb', 'g', 'b ab éb'],
  ['[^]', 'i', '\n'],
  ['[]', 'i', 'a'],
  ['[^\\W]', 'i', 'ſ'],
  ['[^\\W]', 'iu', 'ſ'],
  ['\\W', 'iu', 's'],
  ['[\\W]', 'iu', 'S'],
  ['[^\\w]', 'iu', 'K'],
  ['[^s]', 'i', 'ſ'],
  ['[^s]', 'iu', 'ſ'],
  ['[à-ÿ]+', 'i', 'ÀÞŸ×÷'],
  ['ß', 'i', 'ẞ'],
  ['ß', 'iu', 'ẞ'],
  ['ς', 'i', 'Σσ'],
  ['ς+', 'iu', 'Σσ'],
  ['ŉ', 'i', 'ʼN'],
  ['[Z-a]+', 'i', 'Az^['],
  ['[^Z-a]+', 'i', 'Abz'],
  ['\\u01c5+', 'i', 'ǄǅǆǇ'],
  ['v(\\d+)\\.(\\d+)(?:-(rc|beta)\\.?(\\d+))?', 'i', 'V1.20-RC.3'],
  ['^release[-/](?<major>\\d+)', 'i', 'Release/12'],
];

// Of what repeats nothing or another group each time there is none: docs/image-tags.md says so.
const letters = [...'aAbBsSkKzZ1-_. \nſKéÉßẞµμΜıİiIǅǆΩΩωῳᾳᾼ'];
const literal = () => one(letters).replace('.', '\\.').replace('-', '\\x2d');
const shorthand = () => '\\' + one([...'dDwWsS']);
const item = () => {
  const kind = below(5);
  if (kind === 0) return shorthand();
  if (kind > 2) return literal();
  const [low, high] = [one(letters), one(letters)].sort((a, b) => a.codePointAt(0) - b.codePointAt(0));
  return `\\u${low.charCodeAt(0).toString(16).padStart(4, '0')}-\\u${high.charCodeAt(0).toString(16).padStart(4, '0')}`;
};
const charClass = () => `[${one(['', '^'])}${Array.from({ length: 1 + below(3) }, item).join('')}]`;
const single = () => one([literal, literal, shorthand, charClass, charClass, () => '.'])();
const word = () => Array.from({ length: 1 + below(3) }, single).join('');
const repeated = () => one([single, () => `(?:${word()}|${word()})`, () => `(${word()})`])() +
  one(['', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{1,}?']);
const part = () => one([repeated, repeated, repeated, () => '^', () => '$', () => '\\b', () => '\\B', () => `(${repeated()}${repeated()})`])();
const pattern = () => Array.from({ length: 1 + below(4) }, part).join('') + (below(4) ? '' : `|${part()}`);
const flags = () => one(['', '', 'i', 'i', 'u', 'iu']) + one(['', '', 'g', 'y', 'gy', 's', 'm']);
const text = () => Array.from({ length: below(8) }, () => one(letters)).join('');

const answered = ([source, flags, text]) => {
  const found = text.match(new RegExp(source, flags));
  return [source, flags, text, found && [...found].map((group) => group ?? null)];
};

const count = Number(process.argv[2] ?? 500);
const cases = written.map(answered);
while (cases.length < count) {
  const [source, flag, subject] = [pattern(), flags(), text()];
  // Word boundaries with both flags heed what is folded to `s` and `k`: docs/image-tags.md says so as well.
  if (/\\b/i.test(source) && flag.startsWith('iu') && /[ſK]/.test(subject)) continue;
  cases.push(answered([source, flag, subject]));
}

// All characters with a capital or a small letter, each set of those that are one.
const cased = [];
for (let code = 0; code < 0x110000; code++) {
  const letter = String.fromCodePoint(code);
  if (letter.toUpperCase() !== letter || letter.toLowerCase() !== letter) cased.push(letter);
}
const all = cased.join('');
const sets = (flags) => {
  const done = new Set();
  return cased.flatMap((letter) => {
    if (done.has(letter)) return [];
    const source = `\\u{${letter.codePointAt(0).toString(16)}}`;
    const found = flags.includes('u') || letter.length === 1
      ? all.match(new RegExp(flags.includes('u') ? source : letter, flags))
      : [letter];
    found.forEach((same) => done.add(same));
    return [found.join('')];
  });
};

const lines = (items) => `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`;
const { node, unicode } = process.versions;
console.log(`{\n"node": "${node}",\n"unicode": "${unicode}",`);
console.log(`"i": ${JSON.stringify(sets('gi').join(' '))},\n"iu": ${JSON.stringify(sets('giu').join(' '))},`);
console.log(`"cases": ${lines(cases)}\n}`);
