import type { signIn as source } from '../en/sign-in.ts'
import type { Words } from '../words.ts'

export const signIn: Words<typeof source> = {
  title: '登录',
  lead: '每次运行进行到哪里，还需要什么。',
  byPassword: '密码',
  byToken: '令牌',
  how: '登录方式',
  user: '用户名',
  password: '密码',
  token: '令牌',
  tokenHint: '服务器首次启动时会打印一个令牌，以 mr_ 开头',
  submit: '登录',
  required: '请填写此项',
  wrong: '名称或密码错误；连续错误六次后该名称会被锁定五分钟',
  wrongToken: '令牌无效或已过期',
  byLink: '正在登录',
}
