import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContainerEngine } from '../../src/runner/capabilities.ts'
import { removeTree } from '../../src/runner/remove-tree.ts'

/** An image of busybox alone, made here: no registry is asked. Debian's busybox-static is needed. */
export async function makeTestImage(engine: ContainerEngine, name: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-image-'))
  const [root, archive] = [join(directory, 'root'), join(directory, 'image.tar')]
  try {
    mkdirSync(root)
    for (const folder of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev']) mkdirSync(join(root, folder))
    cpSync('/bin/busybox', join(root, 'bin/busybox'))
    const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet))
    execFileSync('tar', ['-C', root, '-cf', archive, '.'])
    const words = [...engine.options, 'import', '--change', 'ENV PATH=/bin', archive, name]
    execFileSync(engine.program, words, { stdio: 'ignore' })
  } finally {
    await removeTree(directory)
  }
}

export function removeTestImage(engine: ContainerEngine, name: string): void {
  execFileSync(engine.program, [...engine.options, 'rmi', '--force', name], { stdio: 'ignore' })
}
