import { expect, test } from 'vitest'
import { wordsOf } from './words.ts'

const named = (...names: readonly string[]) => wordsOf(names.map((name) => ({ name })))

test('a param is called as the vendor calls it, where an environment variable can be called so', () => {
  const { names } = named('tag', 'image.tag', 'image-tag', '版本', 'P_image_tag')
  expect([...names]).toEqual([
    ['tag', 'tag'],
    ['P_image_tag', 'P_image_tag'],
    ['image.tag', 'P_image_tag_2'],
    ['image-tag', 'P_image_tag_3'],
    ['版本', 'P___'],
  ])
})

test.each([
  ['v1.${tag}', 'v1.${{ params.tag }}'],
  ['${image.tag}${SYS_TIMESTAMP}', '${{ params.P_image_tag }}${{ params.SYS_TIMESTAMP }}'],
  // What names no param is none of ours.
  ['${HOME}/$tag/${tag', '${HOME}/$tag/${tag'],
  // What means something to us means nothing to the vendor.
  ['${{ params.tag }}', '$${{ params.tag }}'],
  ['${{tasks.a.outputs.b}}', '$${{tasks.a.outputs.b}}'],
])('%s is read as %s', (text, ours) => {
  expect(named('tag', 'image.tag').template(text)).toBe(ours)
})

test.each([
  ['echo ${tag} "$tag" ${SYS_INCREMENT}', 'echo ${tag} "$tag" ${SYS_INCREMENT}'],
  ['docker push web:${image.tag}', 'docker push web:${P_image_tag}'],
  // It is the param, and not "image, else tag".
  ['echo ${image-tag} ${HOME-none} ${tag:-x}', 'echo ${P_image_tag_2} ${HOME-none} ${tag:-x}'],
  ['echo ${{ image.tag }}', 'echo $${{ image.tag }}'],
])('%s in a script is %s', (text, ours) => {
  expect(named('tag', 'image.tag', 'image-tag').script(text)).toBe(ours)
})
