"""The pages of the app, a script each, as Streamlit runs them."""
