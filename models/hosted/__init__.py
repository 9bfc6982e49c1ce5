"""Models reached over HTTP through LiteLLM: providers by name, and OpenAI-compatible servers by URL."""
