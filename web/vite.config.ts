import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const server = 'http://127.0.0.1:7680'

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../src/samovar/static',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    // Nothing is inlined: the policy of the page allows files of its own origin and no data in scripts.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': server, '/v1': server } },
})
