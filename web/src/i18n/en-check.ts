import type { Text } from './messages'

/** The words of the page where the search of a knowledge base is checked, loaded with it. */
export const enCheck = {
  'check.title': 'Check the search',
} satisfies Record<string, Text>
