# Hinge with JupyterLab and a warm Rust kernel, for a single machine, Binder and JupyterHub:
#
#     docker build -t hinge .
#     docker run --rm -p 127.0.0.1:8888:8888 hinge
#
# Binder and JupyterHub start their own server in it, as the user NB_USER with the id NB_UID.
FROM rust:1.95-slim-bookworm

# Debian's packages are not pinned: its archive keeps only the newest of a release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates g++ git make pkg-config python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && rustup component add rust-src clippy rustfmt \
    && chmod -R a+rwX "$CARGO_HOME" "$RUSTUP_HOME"

ARG NB_USER=jovyan
ARG NB_UID=1000
ENV USER=$NB_USER HOME=/home/$NB_USER
# Not in the home directory: a hub mounts each user's files there, which would hide the project.
RUN useradd --create-home --uid "$NB_UID" "$NB_USER" && install --directory --owner="$NB_UID" /srv/hinge

COPY --chown=$NB_UID . /srv/hinge
USER $NB_USER
WORKDIR /srv/hinge
# MNIST if it can be downloaded at build time; otherwise the notebooks say that they run on synthetic digits.
RUN make kernel mnist

# The single-user server that a JupyterHub starts; its version must be the hub's.
ARG JUPYTERHUB_VERSION=6.1.1
RUN .venv/bin/pip install --no-cache-dir "jupyterhub==$JUPYTERHUB_VERSION"

ENV PATH=/srv/hinge/.venv/bin:$PATH JUPYTER_CONFIG_PATH=/srv/hinge/jupyter/config
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--LabApp.default_url=/lab/tree/start-here.md", \
     "notebooks"]
