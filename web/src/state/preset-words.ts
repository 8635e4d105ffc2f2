import type { Prompt } from '../api/prompts'
import type { Locale } from './locale.svelte'
import type { System } from './system.svelte'

const LONG_TEXT = 120

/** What a prompt sets of a chat, in words; the words of the shell are to be loaded. */
export function presetWords(prompt: Prompt, locale: Locale, system: System): string[] {
  const { system_prompt: text, model, parameters } = prompt
  const values = Object.entries(parameters ?? {}).map(([name, value]) => `${locale.named('parameter', name)} ${typeof value === 'number' ? locale.number(value, 2) : JSON.stringify(value)}`)
  return [
    ...(text === null ? [] : [locale.t('fill.setsSystem', { text: text.length > LONG_TEXT ? `${text.slice(0, LONG_TEXT)}…` : text })]),
    ...(model === null ? [] : [locale.t('fill.setsModel', { model: system.nameOf(model) })]),
    ...(values.length === 0 ? [] : [locale.t('fill.setsParameters', { parameters: values.join(', ') })]),
  ]
}
