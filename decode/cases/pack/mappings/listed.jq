{ subject: .[0], indicator: .[1], time: .[2], value: .[3], quality: .[4] }
