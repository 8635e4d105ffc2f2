import type { Prompt, PromptTemplate, PromptVariable } from '../api/prompts'

/** `{{name}}`, or `{{name|what to write when it is left empty}}`; the server reads them in the same way. */
const VARIABLE = /\{\{([^{}|\r\n]{1,80})(?:\|([^{}\r\n]{0,400}))?\}\}/g
/** What stands behind the sign at the beginning of a word while it is typed. */
const BEGUN = /(?:^|\s)\/([\p{L}\p{N}_-]{0,60})$/u
const SHIPPED = 'shipped:'

/** The variables of a text in its order, each once, with the first default that is given. */
export function readVariables(text: string): PromptVariable[] {
  const found = new Map<string, string>()
  for (const [, name = '', fallback = ''] of text.matchAll(VARIABLE)) {
    const tidy = name.trim()
    if (tidy !== '') found.set(tidy, found.get(tidy) || fallback.trim())
  }
  return [...found].map(([name, fallback]) => ({ name, default: fallback }))
}

/** The text with values in the place of its variables; an empty value is the default. Values are not read again. */
export function fillPrompt(text: string, values: Readonly<Record<string, string>>): string {
  const defaults = new Map(readVariables(text).map((variable) => [variable.name, variable.default]))
  return text.replace(VARIABLE, (whole, name: string) => {
    const tidy = name.trim()
    return tidy === '' ? whole : (Object.hasOwn(values, tidy) && values[tidy]) || (defaults.get(tidy) ?? '')
  })
}

/** A name that is being typed behind `/` before the caret; null for none. */
export function readSlash(text: string): { start: number; query: string } | null {
  const found = BEGUN.exec(text)
  return found ? { start: found.index + found[0].indexOf('/'), query: found[1] ?? '' } : null
}

/** A prompt that ships, as one of the library that belongs to nobody. */
export const asPrompt = (template: PromptTemplate): Prompt => ({
  id: `${SHIPPED}${template.kind}`, name: template.name, title: template.title, text: template.text, tags: template.tags, shared: false, own: false,
  system_prompt: null, model: null, parameters: null, variables: template.variables, created_at: '', updated_at: '',
})

export type PromptOrigin = 'own' | 'team' | 'shipped'
export const originOf = (prompt: Prompt): PromptOrigin => (prompt.id.startsWith(SHIPPED) ? 'shipped' : prompt.own ? 'own' : 'team')

/** Whether inserting it changes the chat too. */
export const isPreset = (prompt: Prompt): boolean => prompt.system_prompt !== null || prompt.model !== null || prompt.parameters !== null

const RANKS: Record<PromptOrigin, number> = { own: 0, team: 1, shipped: 2 }

/** The prompts with what is typed in name, title, tag or text; those whose name begins with it come first, one's own before others. */
export function matchPrompts(prompts: readonly Prompt[], query: string): Prompt[] {
  const wanted = query.trim().toLowerCase()
  const rank = (prompt: Prompt): number => {
    if (prompt.name.startsWith(wanted)) return 0
    if (prompt.title.toLowerCase().includes(wanted) || prompt.name.includes(wanted)) return 1
    if (prompt.tags.some((tag) => tag.toLowerCase().includes(wanted))) return 2
    return prompt.text.toLowerCase().includes(wanted) ? 3 : -1
  }
  return prompts
    .map((prompt) => ({ prompt, place: rank(prompt) }))
    .filter(({ place }) => place >= 0)
    .sort((one, other) => one.place - other.place || RANKS[originOf(one.prompt)] - RANKS[originOf(other.prompt)] || one.prompt.title.localeCompare(other.prompt.title))
    .map(({ prompt }) => prompt)
}
