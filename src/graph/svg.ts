import type { NodeStatus } from '../model/status.ts'
import { type Box, type Layout, type Line, SIZES } from './shape.ts'
import { SIGNS, statusLook, TONES, type Tone } from './status-look.ts'
import { fitText, pathOf } from './text.ts'

/** Room above the picture for its title. */
const TITLE_HEIGHT = 44

/**
 * A layout as a picture that stands alone: no script, no font of ours, dark where its reader is. Statuses have signs of
 * their own and are said in words to who listens to it.
 */
export function svgOf({ width, height, boxes, lines }: Layout, title: string): string {
  const all = { width: Math.max(width, 320), height: height + TITLE_HEIGHT }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${all.width}" height="${all.height}" viewBox="0 0 ${all.width} ${all.height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    `<rect class="page" width="${all.width}" height="${all.height}"/>`,
    `<text class="title" x="${SIZES.margin}" y="32">${escape(fitText(title, (all.width - 2 * SIZES.margin) / 16))}</text>`,
    `<g transform="translate(0 ${TITLE_HEIGHT})">`,
    ...lines.map(drawLine),
    ...boxes.map(drawBox),
    '</g></svg>',
  ].join('\n')
}

const PALETTE = {
  idle: ['#868e96', '#f8f9fa', '#909296', '#25262b'],
  wait: ['#5c6370', '#f1f3f5', '#c1c2c5', '#2c2e33'],
  run: ['#1864ab', '#e7f5ff', '#74c0fc', '#10283d'],
  person: ['#8f3f00', '#fff4e0', '#ffc078', '#3a2710'],
  good: ['#1d6b32', '#ebfbee', '#8ce99a', '#12301b'],
  bad: ['#b02525', '#fff0f0', '#ffa8a8', '#3d1518'],
  stop: ['#5f6670', '#f1f3f5', '#a6a7ab', '#2c2e33'],
} as const satisfies Record<Tone, readonly [ink: string, fill: string, darkInk: string, darkFill: string]>

const toneRules = (ink: 0 | 2, fill: 1 | 3): string =>
  TONES.map((tone) => {
    const colours = PALETTE[tone]
    return `.${tone}{--i:${colours[ink]};--f:${colours[fill]}}`
  }).join('')

const STYLE = `text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;font-size:13px;fill:var(--t)}
svg{--t:#212529;--b:#ced4da;--s:#fff;--p:#f8f9fa;--l:#adb5bd}
${toneRules(0, 1)}
@media (prefers-color-scheme:dark){svg{--t:#e9ecef;--b:#3b3d44;--s:#1f2024;--p:#141517;--l:#5c5f66}${toneRules(2, 3)}}
.page{fill:var(--p)}.title{font-size:16px;font-weight:600}
.stage{fill:var(--s);stroke:var(--b)}.subflow{fill:none;stroke:var(--b);stroke-dasharray:4 4}
.box{fill:var(--f);stroke:var(--i);stroke-opacity:.55}.name{font-weight:600}
.sign{fill:none;stroke:var(--i);stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}.ring{fill:none;stroke:var(--i);stroke-width:1.4}
.line{fill:none;stroke:var(--l);stroke-width:1.6}.ahead{stroke-dasharray:4 4}.head{fill:var(--l)}
.small{font-size:11px}.label{font-size:11px;text-anchor:middle}`

function drawLine({ points, curved, taken, arrow, name }: Line): string {
  const path = `<path class="line${taken ? '' : ' ahead'}" d="${pathOf(points, curved)}"${arrow ? ' marker-end="url(#a)"' : ''}/>`
  const [from, to] = [points[0], points[1]]
  if (name === '' || from === undefined || to === undefined) return path
  return `${path}<text class="label" x="${(from.x + to.x) / 2}" y="${(from.y + to.y) / 2 - 5}">${escape(fitText(name, 6))}</text>`
}

function drawBox(box: Box): string {
  const { x, y, width, height, name, status } = box
  const { tone } = statusLook[status]
  const hint = `<title>${escape(`${name}: ${words(status)}`)}</title>`
  const group = (inside: string): string => `<g class="${tone}">${hint}${inside}</g>`
  switch (box.kind) {
    case 'stage':
    case 'subflow':
      return group(
        `<rect class="${box.kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>${sign(status, x + 12, y + 12)}<text class="name" x="${x + 36}" y="${y + 25}">${escape(fitText(name, (width - 48) / 13))}</text>`,
      )
    case 'fold':
      return group(
        `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>${(box.counts ?? [])
          .slice(0, 4)
          .map(({ status: one, count }, at) => {
            const top = y + 10 + at * 19
            return `<g class="${statusLook[one].tone}">${sign(one, x + 12, top)}</g><text class="small" x="${x + 36}" y="${top + 12}">${count} ${words(one)}</text>`
          })
          .join('')}`,
      )
    case 'task':
      return group(
        `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>${sign(status, x + 12, y + (height - 16) / 2)}<text x="${x + 38}" y="${y + height / 2 + 4.5}">${escape(fitText(name, (width - 50) / 13))}</text>`,
      )
    case 'gateway': {
      const half = SIZES.gateway.diamond / 2
      const middle = x + width / 2
      return group(
        `<path class="box" d="M${middle} ${y}L${middle + half} ${y + half}L${middle} ${y + 2 * half}L${middle - half} ${y + half}z"/>${sign(status, middle - 8, y + half - 8)}<text class="label" x="${middle}" y="${y + 2 * half + 16}">${escape(fitText(name, width / 11))}</text>`,
      )
    }
    case 'event':
      return group(
        `<circle class="box" cx="${x + width / 2}" cy="${y + height / 2}" r="${width / 2}"/>${sign(status, x + width / 2 - 8, y + height / 2 - 8)}`,
      )
  }
}

const sign = (status: NodeStatus, x: number, y: number): string =>
  `<g transform="translate(${x} ${y})"><circle class="ring" cx="8" cy="8" r="7.2"/><path class="sign" d="${SIGNS[statusLook[status].sign]}"/></g>`

const words = (status: NodeStatus): string => status.replaceAll('_', ' ')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text: string): string =>
  Array.from(text)
    .filter(isDrawn)
    .join('')
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? '')

/** XML cannot hold the others at all. */
function isDrawn(sign: string): boolean {
  const code = sign.codePointAt(0) ?? 0
  if (code < 0x20) return code === 9 || code === 10 || code === 13
  return code < 0xd800 || (code > 0xdfff && code !== 0xfffe && code !== 0xffff)
}
