/* The bundle's programs: Python runs inside this process, so that macOS shows our name, icon and
   menus, and hands us the files that a user opens. One binary serves three names:

     MacOS/MTP MLX                   opens the window:        python3 -P -m app ARGUMENTS
     MacOS/mtp-mlx                   is the command line:     python3 -P -m mtp_mlx ARGUMENTS
     Resources/python/bin/python3    is Python itself         (on Linux; macOS has Python's own)

   sys.executable is Resources/python/bin/python3, so children are plain Python, without a tile in
   the Dock. PYTHON_LIBRARY is the file name of Python as a library. */

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

extern char **environ;

/* Writes the real path of this program, symbolic links resolved. Returns 0 where there is none. */
static int own_path(char path[PATH_MAX]) {
#ifdef __APPLE__
    char asked[PATH_MAX];
    uint32_t size = sizeof asked;
    return _NSGetExecutablePath(asked, &size) == 0 && realpath(asked, path) != NULL;
#else
    return realpath("/proc/self/exe", path) != NULL;
#endif
}

/* Cuts the last part of a path. */
static void go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
}

static int starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What a shell or another Python has set must not reach ours: paths, options, plugins of Qt. */
static int is_foreign(const char *entry) {
    return starts_with(entry, "PYTHON") || starts_with(entry, "__PYVENV_LAUNCHER__=") ||
           starts_with(entry, "QT_PLUGIN_PATH=") ||
           starts_with(entry, "QT_QPA_PLATFORM_PLUGIN_PATH=");
}

static void clean_environment(void) {
    char **kept = environ;
    for (char **entry = environ; *entry != NULL; entry++)
        if (!is_foreign(*entry))
            *kept++ = *entry;
    *kept = NULL;
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1); /* a file more would break the signature */
    setenv("PYTHONNOUSERSITE", "1", 1);
}

typedef int python_main(int, char **);

static python_main *load_python(const char *home) {
    char library[PATH_MAX + 64];
    snprintf(library, sizeof library, "%s/lib/" PYTHON_LIBRARY, home);
    /* Extension modules look for Python's functions in the whole process. */
    void *python = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    python_main *run = python == NULL ? NULL : (python_main *)dlsym(python, "Py_BytesMain");
    if (run == NULL)
        fprintf(stderr, "MTP MLX is damaged: %s. Install it again.\n", dlerror());
    return run;
}

int main(int argc, char **argv) {
    char self[PATH_MAX], home[PATH_MAX + 32], interpreter[PATH_MAX + 64];
    if (!own_path(self)) {
        fprintf(stderr, "MTP MLX cannot tell where it lies. Move it to another folder.\n");
        return 1;
    }
    const char *name = strrchr(self, '/') + 1;
    const int plain = starts_with(name, "python");
    const char *module = strcmp(name, "mtp-mlx") == 0 ? "mtp_mlx" : "app";

    char folder[PATH_MAX];
    strcpy(folder, self);
    go_up(folder);
    go_up(folder);
    snprintf(home, sizeof home, plain ? "%s" : "%s/Resources/python", folder);
    snprintf(interpreter, sizeof interpreter, "%s/bin/python3", home);

    python_main *run = load_python(home);
    char **arguments = calloc(argc + 4, sizeof *arguments);
    if (run == NULL || arguments == NULL)
        return 1;
    int count = 0;
    arguments[count++] = interpreter;
    if (!plain) {
        clean_environment();
        arguments[count++] = "-P"; /* the current folder has no modules of ours */
        arguments[count++] = "-m";
        arguments[count++] = (char *)module;
    }
    for (int i = 1; i < argc; i++)
        arguments[count++] = argv[i];
    return run(count, arguments);
}
