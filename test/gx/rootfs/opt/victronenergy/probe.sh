#!/bin/bash
# Stand-in for the stock drivers: looks at the port for a second and finds nothing that is its own.
. /opt/victronenergy/serial-starter/run-service.sh
app=sleep
start 1
