from conan import ConanFile
class App(ConanFile):
    name = "fieldlog"
    version = "0.3.0"
    requires = "lw_net/3.1.0", "lw_base/[>=1.0 <2]"
    tool_requires = "lw_gen/2.0"
