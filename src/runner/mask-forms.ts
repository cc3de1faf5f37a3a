import { SECRET_MIN_BYTES } from '../model/secret.ts'

/**
 * Every form of a secret that is looked for in what a task says: as it is, as JSON, XML, URLs and shells write it, and in
 * base64; of a value of several lines also each line. docs/guides/secrets.md lists them.
 */
export function maskForms(value: string): readonly Uint8Array[] {
  const forms = new Map<string, Uint8Array>()
  const add = (text: string): void => {
    const bytes = Buffer.from(text)
    if (bytes.length >= SECRET_MIN_BYTES) forms.set(text, bytes)
  }
  // What a shell reads with $(...) has lost its last line breaks, and what a tool prints has its blanks cut off.
  for (const text of new Set([value, value.trim(), ...value.split(/[\r\n]+/).map((line) => line.trim())])) {
    if (Buffer.byteLength(text) < SECRET_MIN_BYTES) continue
    for (const form of [...escapes(text), ...base64Forms(Buffer.from(text))]) add(form)
  }
  return [...forms.values()]
}

function escapes(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const ascii = json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const url = encodeURIComponent(text.toWellFormed())
  const strict = url.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
  const form = new URLSearchParams([['', text]]).toString().slice(1)
  const xml = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return [
    text,
    json,
    json.replaceAll('/', '\\/'),
    ascii,
    ascii.replaceAll('/', '\\/'),
    url,
    strict,
    lowerHex(url),
    lowerHex(strict),
    strict.replaceAll('%20', '+'),
    lowerHex(strict).replaceAll('%20', '+'),
    // As Python's quote() leaves them.
    strict.replaceAll('%2F', '/'),
    // application/x-www-form-urlencoded, as URLSearchParams and browsers write it.
    form,
    lowerHex(form),
    // As browsers and encodeURI leave what separates the parts of a URL.
    encodeURI(text.toWellFormed()),
    xml,
    xml.replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
    xml.replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
    xml.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
  ]
}

const lowerHex = (url: string): string => url.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase())

/** Columns at which base64(1) and openssl(1) break lines. */
const WRAPS = [76, 64] as const

/**
 * Base64 of a text in which the secret stands anywhere: three bytes make four characters, so there are three ways, by
 * where it begins. What it shares characters with before and behind it is left out; where it is the end of the text, the
 * last character is its own. The alphabet of URLs besides the standard one.
 */
function base64Forms(bytes: Buffer): readonly string[] {
  const forms: string[] = []
  for (const before of [0, 1, 2]) {
    const skip = Math.ceil((before * 8) / 6)
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const inner = whole.slice(skip, Math.floor(((before + bytes.length) * 8) / 6))
    const closed = whole.slice(skip)
    for (const form of [inner, closed, closed.replaceAll('=', '')]) forms.push(form, urlAlphabet(form))
    if (before > 0) continue
    for (const width of WRAPS) {
      for (let at = 0; whole.length > width && at < whole.length; at += width) {
        const line = whole.slice(at, at + width)
        forms.push(line.length === width ? line : line.replace(/.?(?<!=)=*$/, ''), line)
      }
    }
  }
  return forms
}

const urlAlphabet = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_')
