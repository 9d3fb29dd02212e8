# deeprig test stand-in for conda: SIMULATED, see .deeprig-simulated in this prefix.
# Defines the `conda` shell function: activate and deactivate change this shell, and
# everything else goes to the program. POSIX sh.
export CONDA_EXE='/opt/deeprig_placeholder_placeholder_placeholder_placeholder/bin/conda'
export CONDA_PYTHON_EXE='/opt/deeprig_placeholder_placeholder_placeholder_placeholder/bin/python'

__conda_change_shell() {
    # $PS1 is a shell variable and not exported: the program must see it to prefix it.
    __conda_commands=$(PS1="${PS1:-}" "$CONDA_EXE" shell.posix "$@") || return
    eval "$__conda_commands"
    unset __conda_commands
    hash -r
}

conda() {
    case "${1-}" in
        activate | deactivate)
            __conda_change_shell "$@"
            ;;
        install | update | upgrade | remove | uninstall)
            "$CONDA_EXE" "$@" || return
            __conda_change_shell reactivate
            ;;
        *)
            "$CONDA_EXE" "$@"
            ;;
    esac
}

if [ -z "${CONDA_SHLVL+x}" ]; then
    export CONDA_SHLVL=0
    PATH="$(dirname "$(dirname "$CONDA_EXE")")/condabin:$PATH"
    export PATH
    # As conda: a sourced shell must not fail on an unset PS1 under `set -u`.
    if [ -z "${PS1+x}" ]; then
        PS1=
    fi
fi
