"""What is shown (Streamlit); computes nothing itself."""
