"""What the tools of macOS print, in their formats, for machines that do not exist."""

from __future__ import annotations

import json
from collections.abc import Mapping


def displays(*gpus: Mapping[str, object]) -> str:
    return json.dumps({"SPDisplaysDataType": gpus}, indent=2)


def hardware(name: str, identifier: str) -> str:
    one = {
        "_name": "hardware_overview",
        "machine_model": identifier,
        "machine_name": name,
        "physical_memory": "36 GB",
        "platform_UUID": "00000000-0000-0000-0000-00000000BEEF",
        "serial_number": "SECRETSERIAL",
    }
    return json.dumps({"SPHardwareDataType": [one]}, indent=2)


BUILT_IN_GPU = {
    "_name": "kHW_AppleM3MaxItem",
    "spdisplays_mtlgpufamilysupport": "spdisplays_metal3",
    "spdisplays_ndrvs": [{"_name": "Color LCD", "_spdisplays_display-serial-number": "SECRET"}],
    "spdisplays_vendor": "sppci_vendor_Apple",
    "sppci_bus": "spdisplays_builtin",
    "sppci_cores": "40",
    "sppci_device_type": "spdisplays_gpu",
    "sppci_model": "Apple M3 Max",
}
VIRTUAL_GPU = {"_name": "Apple Paravirtual device", "sppci_bus": "spdisplays_builtin"}

NO_WARNING = """Note: No thermal warning level has been recorded
Note: No performance warning level has been recorded
Note: No CPU power status has been recorded"""

# A laptop on its battery; low power mode is set for the battery only.
LAPTOP = {
    "sysctl": """machdep.cpu.brand_string: Apple M3 Max
hw.physicalcpu: 16
hw.memsize: 51539607552
hw.model: Mac15,9""",
    "sw_vers": "ProductName:\t\tmacOS\nProductVersion:\t\t15.3.1\nBuildVersion:\t\t24D70",
    "system_profiler SPHardwareDataType": hardware("MacBook Pro", "Mac15,9"),
    "system_profiler SPDisplaysDataType": displays(BUILT_IN_GPU),
    "pmset batt": """Now drawing from 'Battery Power'
 -InternalBattery-0 (id=23134307)\t85%; discharging; 5:12 remaining present: true""",
    "pmset custom": """Battery Power:
 Sleep On Power Button 1
 lowpowermode         1
 standby              1
 ttyskeepawake        1
 hibernatemode        3
 powernap             0
 displaysleep         2
AC Power:
 Sleep On Power Button 1
 lowpowermode         0
 standby              1
 displaysleep         10""",
    "pmset therm": NO_WARNING,
    "notifyutil": "com.apple.system.thermalpressurelevel 2",
}

# A desktop: no battery, and a mode of three steps.
DESKTOP = {
    "sysctl": """machdep.cpu.brand_string: Apple M2 Ultra
hw.physicalcpu: 24
hw.memsize: 206158430208
hw.model: Mac14,14""",
    "sw_vers": "ProductName:\t\tmacOS\nProductVersion:\t\t14.5\nBuildVersion:\t\t23F79",
    "system_profiler SPHardwareDataType": hardware("Mac Studio", "Mac14,14"),
    "system_profiler SPDisplaysDataType": displays(
        {**BUILT_IN_GPU, "sppci_cores": "76", "sppci_model": "Apple M2 Ultra"}
    ),
    "pmset batt": "Now drawing from 'AC Power'",
    "pmset custom": "AC Power:\n Sleep On Power Button 1\n powermode            2\n womp  1",
    "pmset therm": NO_WARNING,
    "notifyutil": "com.apple.system.thermalpressurelevel 0",
}

# A virtual machine: no GPU cores, keys that sysctl does not know, no thermal level.
VIRTUAL = {
    "sysctl": "machdep.cpu.brand_string: Apple processor\nhw.memsize: 8589934592",
    "sw_vers": """ProductName:		macOS
ProductVersion:		13.2.1
ProductVersionExtra:	(a)
BuildVersion:		22D68""",
    "system_profiler SPHardwareDataType": hardware("Apple Virtual Machine 1", "VirtualMac2,1"),
    "system_profiler SPDisplaysDataType": displays(VIRTUAL_GPU),
    "pmset batt": "Now drawing from 'AC Power'",
    "pmset custom": "AC Power:\n standby              0",
}

# An older system on a laptop without a fan: no low power mode yet, speed limits instead of levels.
OLDER = {
    "sysctl": """machdep.cpu.brand_string: Apple M1
hw.physicalcpu: 8
hw.memsize: 17179869184
hw.model: MacBookAir10,1""",
    "sw_vers": "ProductName:\tmacOS\nProductVersion:\t11.7.10\nBuildVersion:\t20G1427",
    "system_profiler SPHardwareDataType": hardware("MacBook Air", "MacBookAir10,1"),
    "system_profiler SPDisplaysDataType": displays({**BUILT_IN_GPU, "sppci_cores": "7"}),
    "pmset batt": """Now drawing from 'AC Power'
 -InternalBattery-0 (id=4522083)\t100%; charged; 0:00 remaining present: true""",
    "pmset custom": "Battery Power:\n lidwake 1\nAC Power:\n lidwake 1\n acwake 0",
    "pmset therm": """Note: No thermal warning level has been recorded
2023-08-01 12:00:00 +0200 CPU Power notify
\tCPU_Scheduler_Limit \t= 100
\tCPU_Available_CPUs \t= 8
\tCPU_Speed_Limit \t= 62""",
    "notifyutil": "com.apple.system.thermalpressurelevel: Failed with code 1000000",
}
