// What browsers have and this Node.js may lack: WebSocket and EventSource.
import { EventSource } from 'eventsource';
import WebSocket from 'ws';

globalThis.WebSocket ??= WebSocket;
globalThis.EventSource ??= EventSource;
