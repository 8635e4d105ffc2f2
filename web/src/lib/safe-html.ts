import DOMPurify from 'dompurify'

const RULES = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ['style', 'form', 'input', 'button', 'textarea', 'select', 'option', 'img', 'picture', 'source', 'video', 'audio', 'track', 'link', 'area', 'map'],
  FORBID_ATTR: ['style', 'id', 'name', 'srcset', 'background', 'poster'],
  ADD_ATTR: ['target'],
  // These hold no addresses, so the rule for addresses does not apply to them.
  ADD_URI_SAFE_ATTR: ['target', 'rel', 'tabindex', 'start'],
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
}

const sanitise = (html: string): string => DOMPurify.sanitize(html, RULES)

interface Policy {
  createHTML(html: string): string
}
interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy
}

// The one policy of the page: nothing becomes HTML without passing the sanitiser, which comes last.
const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes
const policy: Policy = factory?.createPolicy('samovar', { createHTML: sanitise }) ?? { createHTML: sanitise }

/** HTML that may be shown: a TrustedHTML where the browser has them, typed as the string it stands for. */
export const safeHtml = (html: string): string => policy.createHTML(html)
