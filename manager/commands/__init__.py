"""The commands of farmhand-manager that call a running manager: one module for each thing that they are about."""
