import type { en } from './en'
import type { enCheck } from './en-check'
import type { enConversation } from './en-conversation'
import type { enErrors } from './en-errors'
import type { enEvidence } from './en-evidence'
import type { enLibrary } from './en-library'
import type { enModels } from './en-models'
import type { enPanel } from './en-panel'
import type { enShell } from './en-shell'

/** A text with `{placeholders}`, or its forms by the plural category of `{n}`. */
export type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>
/** The words of the first view, and those that are loaded with what they stand on. */
export type Key = keyof typeof en | keyof typeof enCheck | keyof typeof enConversation | keyof typeof enErrors | keyof typeof enEvidence | keyof typeof enLibrary | keyof typeof enModels | keyof typeof enPanel | keyof typeof enShell
export type Messages = Record<keyof typeof en, Text>
export type CheckMessages = Record<keyof typeof enCheck, Text>
export type ConversationMessages = Record<keyof typeof enConversation, Text>
export type EvidenceMessages = Record<keyof typeof enEvidence, Text>
export type LibraryMessages = Record<keyof typeof enLibrary, Text>
export type ModelMessages = Record<keyof typeof enModels, Text>
export type PanelMessages = Record<keyof typeof enPanel, Text>
export type ShellMessages = Record<keyof typeof enShell, Text>
export type Language = 'en' | 'ru'
export type Fill = Record<string, string | number>

/** The text of a key with its placeholders filled; numbers are written as the language writes them. */
export function fillText(text: Text, language: Language, values: Fill): string {
  const form = typeof text === 'string' ? text : (text[pluralOf(language, values)] ?? text.other ?? '')
  return form.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = values[name]
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : (value ?? '')
  })
}

function pluralOf(language: Language, values: Fill): Intl.LDMLPluralRule {
  return new Intl.PluralRules(language).select(Number(values['n'] ?? 0))
}

export const placeholdersOf = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '')

/** What stands in a text in the places of a template; null for a text that is not made from it. */
export function readTemplate(template: string, text: string): Record<string, string> | null {
  const names = placeholdersOf(template)
  const pattern = template.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.+)')
  const found = new RegExp(`^${pattern}$`).exec(text)
  return found ? Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? ''])) : null
}
