/* global Scalar */
const DEMO = 'clinic_RiversideDemo0000000000000000000000000000003Zo2xd'
const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname)

/** The token of the demo where it works: on a server of this machine. */
async function demoToken() {
  if (!isLocal) return ''
  const headers = { 'X-User-Token': DEMO }
  const { ok } = await fetch('/v1/clinic/insurances/token', { headers })
  return ok ? DEMO : ''
}

// The token that is typed in stays in this page's memory: nothing is kept, and nothing leaves our origin.
Scalar.createApiReference('#reference', {
  url: '/openapi.json',
  persistAuth: false,
  telemetry: false,
  withDefaultFonts: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  documentDownloadType: 'direct',
  defaultOpenAllTags: true,
  expandAllSchemaProperties: true,
  orderSchemaPropertiesBy: 'preserve',
  orderRequiredPropertiesFirst: false,
  hideModels: true,
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  authentication: {
    preferredSecurityScheme: 'token',
    securitySchemes: { token: { value: await demoToken() } },
  },
  onLoaded: openGuides,
  onResponseReceived: showAnswer,
})

/** The guides stand in the sidebar under an introduction that is closed at first. */
function openGuides() {
  setTimeout(() => {
    for (const button of document.querySelectorAll('button[aria-expanded=false]'))
      if (button.textContent.includes('Open Group - Introduction')) button.click()
  })
}

/** On a phone the answer stands below the request, out of sight; it grows while it is drawn. */
function showAnswer() {
  const show = () =>
    document.querySelector('[role=dialog] section[aria-label=Response]')?.scrollIntoView()
  for (const milliseconds of [100, 500, 1500]) setTimeout(show, milliseconds)
}
