from openai import OpenAI

from life import live

client = OpenAI(api_key="placeholder")


def ask(question):
    messages = [{"role": "user", "content": question}]
    return client.chat.completions.create(model="gpt-4o-mini", messages=messages).choices[0].message.content


live(ask)
