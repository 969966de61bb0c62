complete -c flow-sensorctl -s c -l control -d 'Control socket of the sensor' -r -F
complete -c flow-sensorctl -s h -l help -d 'Print help'
complete -c flow-sensorctl -l version -d 'Print version'
