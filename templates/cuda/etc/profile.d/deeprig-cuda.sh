# Managed by deeprig (role cuda): changes here are overwritten by the next apply.
# The default toolkit, {{ settings.default_series }}; others are at /usr/local/cuda-<version>.
# No LD_LIBRARY_PATH: it would go before the libraries that conda's environments bring.
if [ -d /usr/local/cuda ]; then
    CUDA_HOME=/usr/local/cuda
    export CUDA_HOME
    case ":${PATH}:" in
        *:/usr/local/cuda/bin:*) ;;
        *) PATH=/usr/local/cuda/bin:${PATH} ;;
    esac
    export PATH
fi
