"""From passages and questions with known answers to a LoRA adapter in GGUF form that cites and refuses."""
