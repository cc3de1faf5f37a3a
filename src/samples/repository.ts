import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The files of the sample's repository: a service small enough to read, real enough to build, test and deploy. */
const FILES: Readonly<Record<string, string>> = {
  'README.md': '# sample-service\n\nWhat the sample pipelines build, check, test and deploy.\n',
  'build.sh': [
    '# Makes dist/ from src/. VERSION names what is built.',
    'set -eu',
    'rm -rf dist',
    'mkdir dist',
    'cp -r src/. dist/',
    'printf \'%s\\n\' "${VERSION:-unversioned}" > dist/VERSION',
    'echo "built $(cat dist/VERSION): $(ls dist | wc -l) files"',
    '',
  ].join('\n'),
  'deploy.sh': [
    '# Unpacks a package below a folder and makes it the one that is current; `back` makes current what was before.',
    'set -eu',
    'package=$1',
    'target=$2',
    'mkdir -p "$target/releases"',
    'if [ "$package" = back ]; then',
    '  release=$DEPLOYED_PREVIOUS',
    'else',
    '  release=$(basename "$package" .tar.gz)',
    '  echo "previous=$(readlink "$target/current" 2>/dev/null | sed s,releases/,, || true)" >> "$MILLRACE_OUTPUT"',
    '  rm -rf "$target/releases/$release"',
    '  mkdir "$target/releases/$release"',
    '  tar -xzf "$package" -C "$target/releases/$release"',
    '  # The way back may come when what was checked out is gone.',
    '  cp "$0" "$target/deploy.sh"',
    'fi',
    'test -n "$release" || { echo "there was nothing before" >&2; exit 1; }',
    '# Whoever looks finds the old one or the new one, never none.',
    'rm -f "$target/next"',
    'ln -s "releases/$release" "$target/next"',
    'mv -fT "$target/next" "$target/current" 2>/dev/null || { rm -f "$target/current"; mv "$target/next" "$target/current"; }',
    'echo "current is $(cat "$target/current/VERSION")"',
    '',
  ].join('\n'),
  Dockerfile: [
    '# Nothing but what build.sh has made: a machine that builds it needs no other image and no network.',
    'FROM scratch',
    'ARG VERSION=unversioned',
    'LABEL org.opencontainers.image.version=$VERSION',
    'COPY dist/ /service/',
    '',
  ].join('\n'),
  'deploy-image.sh': [
    '# Deploys the service of an image that was kept as a file (docker-archive): its layers, one over the other.',
    'set -eu',
    'image=$1',
    'target=$2',
    'here=$(dirname "$0")',
    'work=$(mktemp -d)',
    'trap \'rm -rf "$work"\' EXIT',
    'mkdir "$work/image" "$work/root"',
    'tar -xf "$image" -C "$work/image"',
    'layers=$(sed \'s/.*"Layers":\\[\\([^]]*\\)\\].*/\\1/; s/[",]/ /g\' "$work/image/manifest.json")',
    'for layer in $layers; do tar -xf "$work/image/$layer" -C "$work/root"; done',
    'package=$work/$(basename "$image" .tar).tar.gz',
    'tar -czf "$package" -C "$work/root/service" .',
    'sh "$here/deploy.sh" "$package" "$target"',
    '',
  ].join('\n'),
  'test.sh': [
    '# Looks whether the folder given holds a service that answers; writes a report as JUnit does when it is told where.',
    'set -u',
    'folder=$1',
    'report=${2:-/dev/null}',
    'failed=0',
    'cases=',
    'check() {',
    '  name=$1',
    '  shift',
    '  if "$@"; then',
    '    cases="$cases<testcase classname=\\"service\\" name=\\"$name\\"/>"',
    '  else',
    '    failed=$((failed + 1))',
    '    cases="$cases<testcase classname=\\"service\\" name=\\"$name\\"><failure message=\\"it does not\\"/></testcase>"',
    '  fi',
    '}',
    'answers() { [ "$(sh "$folder/service.sh" ping)" = pong ]; }',
    'refuses() { ! sh "$folder/service.sh" nonsense 2>/dev/null; }',
    'check \'says its version\' test -s "$folder/VERSION"',
    "check 'answers a ping' answers",
    "check 'refuses what it does not know' refuses",
    'printf \'<testsuite name="service">%s</testsuite>\\n\' "$cases" > "$report"',
    'if [ "$failed" -gt 0 ]; then echo "$failed checks failed"; exit 1; fi',
    'echo "3 checks passed"',
    '',
  ].join('\n'),
  'src/service.sh': [
    '# The service: it answers what it is asked.',
    'case "${1:-}" in',
    '  ping) echo pong ;;',
    '  *) echo "unknown question: ${1:-}" >&2; exit 2 ;;',
    'esac',
    '',
  ].join('\n'),
}

/** Who the sample's commits are by; git asks for somebody. */
const AUTHOR = ['-c', 'user.name=Millrace', '-c', 'user.email=millrace@localhost', '-c', 'commit.gpgSign=false']

/**
 * Makes a git repository with the branches `master` and `develop` in this directory, unless there is one. It is made
 * beside it first, so that one that was cut off in the middle is not taken for whole.
 * @returns its URL. @throws Error when git is not installed or the directory cannot be written.
 */
export async function makeSampleRepository(directory: string): Promise<string> {
  // It goes into quoted text of the samples; git decodes what is encoded.
  const url = pathToFileURL(directory).href.replaceAll("'", '%27')
  if (existsSync(join(directory, '.git'))) return url
  const making = `${directory}.new`
  const git = async (...args: string[]): Promise<void> => {
    await run('git', ['-c', 'init.defaultBranch=master', ...AUTHOR, ...args], { cwd: making })
  }
  await rm(making, { recursive: true, force: true })
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(making, path, '..'), { recursive: true })
    await writeFile(join(making, path), text)
  }
  await git('init', '--quiet')
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'A service to build')
  await git('checkout', '--quiet', '-b', 'develop')
  await writeFile(join(making, 'CHANGES'), 'develop: everything that master has, and this file\n')
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'Tell what changed')
  await git('checkout', '--quiet', 'master')
  await rename(making, directory)
  return url
}
