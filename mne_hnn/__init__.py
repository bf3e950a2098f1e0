"""MEG/EEG source estimates to laminar cortical-column models and back."""
