# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests are written with: the gateway's process, upstreams, clients, tokens."""
