// spec/verify/sigstore.mjs: checks receipts of an optout log with sigstore's verifier for npm.
//
//   NODE_PATH=DIR/node_modules node sigstore.mjs VKEY FILE...
//
// DIR is where `npm install --prefix DIR @sigstore/verify@3.1.1` put it. VKEY is what `optout log
// key` printed, got from somebody you trust. One line a file: `FILE: ok ...` or why not. The exit
// status is 0 when all are good, 1 when one is not, 2 for bad usage.
//
// The form of a receipt is told in spec/log.md. The package's public face takes whole bundles
// about software alone, whose entries must be of Rekor's kinds; the part below it that verifies a
// checkpoint and an inclusion proof takes any entry, and is loaded by its path.

import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url); // which looks into NODE_PATH, as import does not
const { verifyTLogInclusion } = require('@sigstore/verify/dist/tlog/index.js');

const MAGIC = 'c2sp.org/tlog-proof@v1';
const ED25519 = 1;
// What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410).
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function need(condition, otherwise) {
    if (!condition) {
        throw new Error(otherwise);
    }
}

// The one spelling of some bytes; Buffer.from takes nearly anything.
function decode(text) {
    const raw = Buffer.from(text, 'base64');
    need(raw.toString('base64') === text, 'base64 that is not canonical');
    return raw;
}

function decodeHash(text) {
    const raw = decode(text);
    need(raw.length === 32, 'a hash is not 32 bytes in base64');
    return raw;
}

function plainNumber(text) {
    need(/^(0|[1-9][0-9]*)$/.test(text), `not a plain number: ${text}`);
    return text;
}

// name+id+base64(1, public key), as the log that sigstore is to trust.
function parseKey(vkey) {
    const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
    need(parts, 'a key has the form name+id+base64');
    const [, name, id, key] = parts;
    const typed = decode(key);
    need(typed.length === 33 && typed[0] === ED25519, 'no Ed25519 key');
    const digest = createHash('sha256').update(`${name}\n`).update(typed).digest();
    need(digest.toString('hex', 0, 4) === id, "the key's id is not its own");
    const spki = Buffer.concat([DER_PREFIX, typed.subarray(1)]);
    return {
        baseURL: name,
        logID: digest.subarray(0, 4),
        publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    };
}

// A receipt as the entry that sigstore verifies; nothing in it is proven yet.
function parseReceipt(text) {
    const end = text.indexOf('\n\n');
    const [magic, extra, index, ...path] = text.slice(0, Math.max(end, 0)).split('\n');
    need(magic === MAGIC && extra?.startsWith('extra ') && index?.startsWith('index '),
        'not a receipt');
    return {
        canonicalizedBody: decode(extra.slice('extra '.length)),
        inclusionProof: {
            logIndex: plainNumber(index.slice('index '.length)),
            hashes: path.map(decodeHash),
            checkpoint: { envelope: text.slice(end + 2) },
        },
    };
}

function verify(text, log) {
    const entry = parseReceipt(text);
    verifyTLogInclusion(entry, [log]);
    const [origin, size] = entry.inclusionProof.checkpoint.envelope.split('\n');
    need(origin === log.baseURL, 'the checkpoint is of another log');
    const [magic, kind, seconds, , rest] = entry.canonicalizedBody.toString().split('\n');
    need(magic === 'optout/leaf/v1' && rest === '', 'the leaf is not of optout');
    const time = new Date(1000 * plainNumber(seconds)).toISOString().replace('.000', '');
    return `ok ${kind} of ${time}, leaf ${entry.inclusionProof.logIndex} of ${size}`;
}

const [vkey, ...files] = process.argv.slice(2);
let log;
try {
    need(files.length > 0, 'usage: sigstore.mjs VKEY FILE...');
    log = parseKey(vkey);
} catch (e) {
    console.error(e.message);
    process.exit(2);
}
for (const file of files) {
    try {
        console.log(`${file}: ${verify(readFileSync(file, 'utf8'), log)}`);
    } catch (e) {
        console.log(`${file}: ${e.message}`);
        process.exitCode = 1;
    }
}
