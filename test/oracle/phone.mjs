// test/oracle/phone.mjs CACHE PHONE_PRINT: compares our reading of phone numbers with that of
// libphonenumber-js, in TAP. Started by test/oracle/phone.
//
// Every number is written in several ways and read by both. What differs must be on the list of
// intended differences, which says why; an entry that nothing needs any more fails too.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [cache, printer] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const home = resolve(cache, 'node_modules/libphonenumber-js');
const { parsePhoneNumber } = require(`${home}/max/index.cjs`);
const metadata = require(`${home}/metadata.max.json`);
const examples = require(`${home}/examples.mobile.json`);

const NUMBERS_PER_TYPE = 6;
const TYPES = ['fixed line', 'mobile', 'toll-free'];
const SHOWN = 12;

// --- numbers -----------------------------------------------------------------------------------

// A small generator with a fixed seed, so that each run tests the same.
let state = 20261124;
function random(below) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
}

// A random string that the regular expression of the metadata matches.
function sample(source) {
    let at = 0;

    function alternatives() {
        const all = [sequence()];
        while (source[at] === '|') {
            at++;
            all.push(sequence());
        }
        return all[random(all.length)];
    }

    function sequence() {
        let text = '';
        while (at < source.length && source[at] !== '|' && source[at] !== ')') {
            const begin = at;
            let item = atom();
            const [least, most] = count();
            const end = at;
            const times = least + random(most - least + 1);
            for (let n = 0; n < times; n++) {
                at = begin;
                item = atom();
                text += item;
            }
            at = end;
        }
        return text;
    }

    function atom() {
        const c = source[at++];
        if (c === '(') {
            at += 2;
            const inner = alternatives();
            at++;
            return inner;
        }
        if (c === '[') {
            const end = source.indexOf(']', at);
            const members = new RegExp(`[${source.slice(at, end)}]`);
            at = end + 1;
            const digits = [...'0123456789'].filter((d) => members.test(d));
            return digits[random(digits.length)];
        }
        if (c === '\\') {
            at++;
            return String(random(10));
        }
        return c;
    }

    function count() {
        const m = /^(?:\?|\{(\d+)(?:,(\d+))?\})/.exec(source.slice(at));
        if (!m)
            return [1, 1];
        at += m[0].length;
        return m[1] === undefined ? [0, 1] : [Number(m[1]), Number(m[2] ?? m[1])];
    }

    return alternatives();
}

function* generated() {
    for (const [country, row] of Object.entries(metadata.countries)) {
        for (const type of TYPES.keys()) {
            const pattern = row[11]?.[type]?.[0];
            for (let n = 0; pattern && n < NUMBERS_PER_TYPE; n++)
                yield { country, e164: `+${row[0]}${sample(pattern)}` };
        }
    }
}

function* exampleNumbers() {
    for (const [country, national] of Object.entries(examples))
        yield { country, e164: `+${metadata.countries[country][0]}${national}` };
}

// --- ways of writing ---------------------------------------------------------------------------

const ways = {
    'E.164': (n) => ['', n.number],
    'international form': (n) => ['', n.formatInternational()],
    'RFC 3966 form': (n) => ['', n.getURI()],
    '00 in front': (n) => ['', `00${n.number.slice(1)}`],
    'national form at home': (n, country) => [country, n.formatNational()],
    'national digits without a trunk prefix': (n, country) => [country, n.nationalNumber],
    'digits with the calling code at home': (n, country) => [country, n.number.slice(1)],
    'country': (n) => ['', n.number],
};

const national = (c) => c.number.nationalNumber;

// What is meant to differ: [way, test, why].
const intended = [
    [/./, (c) => national(c).length <= 5 && 'KR LU'.includes(c.country),
        'four or five digits of a large plan are services, which we take for short codes'],
    [/at home|without a trunk/, (c) => /short code/.test(c.ours) && national(c).length <= 6,
        'six digits at home, where prefixes are dialled, are a short code or lack their area'],
    [/national form/, (c) => c.country === 'GA' && national(c).length === 7,
        'Gabon has had eight digits since 2019; the zero in front of seven is one of them'],
    [/calling code at home/, (c) => /with or without/.test(c.ours),
        'two readings of the same digits are refused, not guessed'],
    [/without a trunk/, (c) => c.at === 'RU' && c.text.startsWith('810'),
        'what starts with an exit code is read as a call abroad'],
    [/without a trunk|calling code at home/, (c) => c.ours.startsWith('+'),
        'of two readings in use the one that is as long as a mobile is taken'],
];

// --- comparing ---------------------------------------------------------------------------------

function ask(questions) {
    const input = questions.map(([country, text]) => `${country}\t${text}\n`).join('');
    const run = spawnSync(printer, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (run.status !== 0)
        throw new Error(run.stderr || 'phone_print failed');
    return run.stdout.split('\n').slice(0, -1);
}

function compare(way, numbers) {
    const cases = numbers.map(({ country, e164 }) => {
        const number = parsePhoneNumber(e164);
        const [at, text] = ways[way](number, country);
        return { country, at, text, number };
    });
    const answers = ask(cases.map((c) => [c.at, c.text]));
    return cases.map((c, i) => {
        const [ours, ourCountry] = answers[i].split('\t');
        const wanted = way === 'country' ? c.number.country ?? '' : c.number.number;
        return { ...c, way, wanted, ours: way === 'country' ? ourCountry : ours };
    }).filter((c) => c.ours !== c.wanted);
}

let tests = 0;
let failed = 0;
function report(ok, name, notes = []) {
    tests++;
    failed += ok ? 0 : 1;
    console.log(`${ok ? 'ok' : 'not ok'} ${tests} - ${name}`);
    for (const note of notes.slice(0, SHOWN))
        console.log(`#   ${note}`);
    if (notes.length > SHOWN)
        console.log(`#   and ${notes.length - SHOWN} more`);
}

const describe = (c) => `${c.country} ${c.at ? `(at home) ` : ''}${c.text}: ours ${c.ours}, `
    + `wanted ${c.wanted}`;
const used = new Set();
function isIntended(c) {
    const entry = intended.find(([way, test]) => way.test(c.way) && test(c));
    if (entry)
        used.add(entry);
    return entry !== undefined;
}

function run(name, numbers) {
    for (const way of Object.keys(ways)) {
        const apart = compare(way, numbers).filter((c) => !isIntended(c)).map(describe);
        report(apart.length === 0, `${name}: ${way}, ${numbers.length} numbers`, apart);
    }
}

run('examples', [...exampleNumbers()]);
run('generated', [...generated()].filter(({ e164 }) => e164.length <= 16
    && parsePhoneNumber(e164)?.isValid()));
for (const entry of intended)
    report(used.has(entry), `still needed: ${entry[2]}`);
console.log(`1..${tests}`);
process.exitCode = failed ? 1 : 0;
