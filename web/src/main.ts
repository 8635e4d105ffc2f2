import { mount } from 'svelte'
import Root from './pages/Root.svelte'
import './styles/tokens.css'
import './styles/base.css'
import './styles/prose.css'

const target = document.getElementById('app')
if (target) mount(Root, { target })
