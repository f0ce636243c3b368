from google import genai

from life import live

client = genai.Client(api_key="placeholder")


def ask(question):
    return client.models.generate_content(model="gemini-2.5-flash", contents=question).text


live(ask)
