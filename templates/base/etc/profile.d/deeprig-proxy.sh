# Managed by deeprig (role base): changes here are overwritten by the next apply.
{% for name, value in network.environment().items() %}export {{ name }}="{{ value }}"
{% endfor -%}
