export const signIn = {
  title: 'Sign in',
  lead: 'Where every run is, and what it needs.',
  byPassword: 'Password',
  byToken: 'Token',
  how: 'Sign in with',
  user: 'Name',
  password: 'Password',
  token: 'Token',
  tokenHint: 'The first start of the server printed one; it begins with mr_',
  submit: 'Sign in',
  required: 'Fill this in',
  byLink: 'Signing you in',
} as const
