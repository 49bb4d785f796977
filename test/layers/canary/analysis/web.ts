// server-packages-stay-in-the-server
export { fastify } from 'fastify';
