import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { fakeApi } from './fake'

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
  "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'none'; frame-ancestors 'none'; object-src 'none'; " +
  "require-trusted-types-for 'script'; trusted-types samovar dompurify svelte-trusted-html"

// `vite` serves the sources with the stand-in API; `vite preview` serves the build under the policy of the real server.
export default defineConfig({
  plugins: [svelte(), fakeApi()],
  build: { outDir: '../src/samovar/static' },
  preview: { headers: { 'Content-Security-Policy': POLICY } },
})
