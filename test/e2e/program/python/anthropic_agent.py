from anthropic import Anthropic

from life import live

client = Anthropic(api_key="placeholder")


def ask(question):
    messages = [{"role": "user", "content": question}]
    return client.messages.create(model="claude-sonnet-4-5", max_tokens=256, messages=messages).content[0].text


live(ask)
