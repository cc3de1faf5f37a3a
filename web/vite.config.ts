import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Below this a compressed answer saves no packet. */
const COMPRESS_MIN_BYTES = 1_024

/** Leaves `.br` and `.gz` beside every text file, so that the server never compresses. */
function compressed(): Plugin {
  let outDir = ''
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: (config) => {
      outDir = join(config.root, config.build.outDir)
    },
    closeBundle: () => {
      for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
        const path = join(outDir, name)
        if (!/\.(?:js|css|svg|json|webmanifest|txt)$/.test(name) || statSync(path).size < COMPRESS_MIN_BYTES) continue
        const bytes = readFileSync(path)
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
        )
      }
    },
  }
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressed()],
  // Replaced by the server for every response: src/http/page/build.ts.
  html: { cspNonce: '__MILLRACE_NONCE__' },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // The policy of the page takes no data: URL but for images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      output: {
        // What nearly every page needs comes as one file: a browser asks an HTTP/1.1 server for six at a time.
        codeSplitting: {
          groups: [{ name: 'base', test: /node_modules|web\/src\/(?:api|app|ui)\//, minShareCount: 4 }],
        },
      },
    },
  },
  worker: { format: 'es' },
})
