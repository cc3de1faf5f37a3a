import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseOutputs, readOutputFile } from './output-file.ts'

const parse = (text: string): ReturnType<typeof parseOutputs> => parseOutputs(Buffer.from(text))

describe('the output file', () => {
  test.each([
    ['', {}],
    ['\n\n', {}],
    ['tag=v1', { tag: 'v1' }],
    ['tag=v1\nurl=https://x/?a=b\n', { tag: 'v1', url: 'https://x/?a=b' }],
    ['empty=', { empty: '' }],
    ['a=1\na=2', { a: '2' }],
    ['spaces=  kept  ', { spaces: '  kept  ' }],
    ['a=b<<c', { a: 'b<<c' }],
    ['text<<END\none\n\ntwo\nEND\ntag=1', { text: 'one\n\ntwo', tag: '1' }],
    ['text<<END\nEND', { text: '' }],
    ['text<<E O F\na=b\n END\nE O F', { text: 'a=b\n END' }],
    ['my-tag_2=ü 版本', { 'my-tag_2': 'ü 版本' }],
    ['invalid=x', { invalid: 'x' }],
  ])('%j gives %j', (text, outputs) => {
    expect(parse(text)).toEqual({ ok: true, outputs })
  })

  test.each([
    ['nothing', 1],
    ['a=1\n\n=x', 3],
    ['a=1\nb c=2', 2],
    ['1a=2', 1],
    ['__proto__=x', 1],
    [`${'n'.repeat(65)}=x`, 1],
    ['a<<', 1],
    ['a=1\nb<<END\nx\nEND ', 2],
    ['a=x\0', 1],
    [Array.from({ length: 101 }, (_, index) => `n${index}=x`).join('\n'), 101],
  ])('%j is wrong in line %i', (text, line) => {
    expect(parse(text)).toMatchObject({ ok: false, reason: expect.stringContaining(`line ${line} of the output file`) })
  })

  test('bytes that are no text are wrong', () => {
    expect(parseOutputs(Buffer.from([0x61, 0x3d, 0xff]))).toEqual({ ok: false, reason: 'the output file is not UTF-8' })
  })

  test('what is written as a block comes back as it was', () => {
    const value = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !text.includes('\0') && !text.split('\n').includes('END'))
    const names = fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/), value, { maxKeys: 20 })
    fc.assert(
      fc.property(names, (outputs) => {
        const text = Object.entries(outputs).map(([name, part]) => `${name}<<END\n${part}\nEND\n`)
        expect(parse(text.join(''))).toEqual({ ok: true, outputs })
      }),
    )
  })

  test('no bytes at all make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof parseOutputs(bytes).ok).toBe('boolean')
      }),
    )
  })

  test('a missing file is no outputs; 64 KiB are read and one byte more is refused', () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-outputs-'))
    const path = join(directory, 'output')
    expect(readOutputFile(path)).toEqual({ ok: true, outputs: {} })
    writeFileSync(path, `a=${'x'.repeat(65_534)}`)
    expect(readOutputFile(path)).toMatchObject({ ok: true })
    writeFileSync(path, `a=${'x'.repeat(65_535)}`)
    expect(readOutputFile(path)).toEqual({
      ok: false,
      reason: 'the output file has 65537 bytes, at most 65536 are allowed',
    })
    rmSync(directory, { recursive: true })
  })

  test('a link, a pipe and a directory in its place are refused at once', () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-outputs-'))
    symlinkSync('/etc/passwd', join(directory, 'link'))
    execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: directory })
    for (const name of ['link', 'pipe', '.']) {
      expect(readOutputFile(join(directory, name)), name).toMatchObject({ ok: false })
    }
    rmSync(directory, { recursive: true })
  })
})
