// Node's own fetch, no dependency: asks for the list of models and prints its ids.
const response = await fetch('https://api.openai.com/v1/models', {
  headers: { authorization: 'Bearer placeholder' },
});
const body = await response.json();
console.log(response.status, body.data.map((model) => model.id).join(' '));
