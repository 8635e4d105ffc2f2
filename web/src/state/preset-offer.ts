import type { Prompt } from '../api/prompts'
import type { Conversation } from './conversation.svelte'
import type { Locale } from './locale.svelte'
import { presetWords } from './preset-words'
import type { System } from './system.svelte'

/** What a prompt would set of a chat besides inserting its text. */
export interface PresetOffer {
  /** Each thing that it sets, in words. */
  sets: string[]
  /** Whether the chat has another system prompt, which would go. */
  replacesSystemPrompt: boolean
  /** Sets all of it, and says so. */
  set: () => void
}

/** What a prompt sets of a chat, in words and in deed; null for one that sets nothing. */
export function offerPreset(prompt: Prompt, conversation: Conversation, locale: Locale, system: System, say: (text: string) => void): PresetOffer | null {
  const { system_prompt: text, model, parameters } = prompt
  if (text === null && model === null && parameters === null) return null
  const sets = presetWords(prompt, locale, system)
  const set = (): void => {
    conversation.change({
      ...(text === null ? {} : { system_prompt: text }),
      ...(model === null ? {} : { model }),
      ...(parameters === null ? {} : { parameters: { ...conversation.parameters, ...parameters } }),
    })
    say(locale.t('fill.done', { what: sets.join('; ') }))
  }
  return { sets, replacesSystemPrompt: text !== null && conversation.systemPrompt !== '' && conversation.systemPrompt !== text, set }
}
