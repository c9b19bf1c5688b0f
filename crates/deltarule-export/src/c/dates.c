static int deltarule_days_of_month(long long year, long long month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const int leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leaps);
}

/* Seconds from 1970-01-01 00:00 to a second of a day; 0 where there is no such day. */
static int deltarule_seconds(long long year, long long month, long long day, long long second, long long *seconds)
{
    /* Years that begin with March, of which those before year -400000 are counted. */
    const long long y = year + 400000 - (month <= 2);
    const long long of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    if (month < 1 || month > 12 || day < 1 || day > deltarule_days_of_month(year, month))
        return 0;
    *seconds = (365 * y + y / 4 - y / 100 + y / 400 + of_year - 146816468) * 86400 + second;
    return 1;
}

static int deltarule_no_date(struct deltarule_date *date)
{
    date->year = date->trend = NAN;
    date->month = date->weekday = date->hour = -1;
    return 1;
}

/* The parts of a moment by the Gregorian calendar, as Hinnant, "chrono-Compatible Low-Level Date Algorithms", counts its days. */
static int deltarule_parts(long long seconds, struct deltarule_date *date)
{
    /* Days since a March 1st, so long ago that nothing is negative; 400 years have 146097 days. */
    const long long shifted = seconds + 146816468LL * 86400;
    const long long days = shifted / 86400;
    const long long of_era = days % 146097;
    const long long year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const long long of_year = of_era - (365 * year + year / 4 - year / 100);
    const long long month = (5 * of_year + 2) / 153;
    date->month = (int)((month + 2) % 12);
    date->year = (double)(days / 146097 * 400 + year - 400000 + (month >= 10));
    date->weekday = (int)((days + 2) % 7);
    date->hour = (int)(shifted % 86400 / 3600);
    date->trend = (double)seconds / 86400.0;
    return 1;
}

/* A number of so many digits; -1 where the text does not begin with one. */
static long long deltarule_digits(const char **text, int least, int most)
{
    long long number = 0;
    int n;
    for (n = 0; n < most && (*text)[n] >= '0' && (*text)[n] <= '9'; n++)
        number = 10 * number + ((*text)[n] - '0');
    *text += n;
    return n >= least ? number : -1;
}

static int deltarule_space(const char **text)
{
    while (**text == ' ' || (**text >= '\t' && **text <= '\r'))
        ++*text;
    return 1;
}

/* The second of a day of a text such as 13:45 or 13:45:10.5+02:00, whose offset does not count; -1 of another text. */
static long long deltarule_time(const char *text)
{
    const char *end = text + strlen(text), *offset = text;
    long long hour, minute, second = 0;
    if (end > text && (end[-1] == 'Z' || end[-1] == 'z'))
        end--;
    else if (end - text >= 4 && strcmp(end - 4, " UTC") == 0)
        end -= 4;
    while (offset < end && *offset != '+' && *offset != '-')
        offset++;
    if (offset < end) {
        const char *at;
        int digits = 0, colons = 0, number = 0;
        for (at = offset + 1; at < end; at++) {
            if (*at >= '0' && *at <= '9') {
                number = 10 * number + (*at - '0');
                if (++digits > 4)
                    return -1;
            } else if (*at != ':' || colons++ > 0)
                return -1;
        }
        if (digits == 2)
            number *= 100;
        if ((digits != 2 && digits != 4) || number / 100 > 23 || number % 100 > 59)
            return -1;
        end = offset;
        while (end > text && (end[-1] == ' ' || (end[-1] >= '\t' && end[-1] <= '\r')))
            end--;
    }
    hour = deltarule_digits(&text, 1, 2);
    if (hour < 0 || hour > 23 || *text++ != ':')
        return -1;
    minute = deltarule_digits(&text, 2, 2);
    if (minute < 0 || minute > 59)
        return -1;
    if (text < end && *text == ':') {
        text++;
        second = deltarule_digits(&text, 2, 2);
        if (second < 0 || second > 59)
            return -1;
        if (text < end && *text == '.') {
            const char *const point = text++;
            while (text < end && *text >= '0' && *text <= '9')
                text++;
            if (text == point + 1)
                return -1;
        }
    }
    return text == end ? 3600 * hour + 60 * minute + second : -1;
}

/* The end of the date in a text, and the second of the day that follows it; 0 where that is no time. */
static int deltarule_cut(const char *text, const char **end, long long *second)
{
    const char *at = strchr(text, ':');
    *second = 0;
    *end = text + strlen(text);
    if (at == NULL)
        return 1;
    while (at > text && *at != 'T' && *at != 't' && *at != ' ')
        at--;
    if (*at != 'T' && *at != 't' && *at != ' ')
        return 0;
    *end = at;
    *second = deltarule_time(at + 1);
    return *second >= 0;
}

/* Year, month and day in digits, and maybe a time. */
static int deltarule_year_first(const char *text, long long *seconds)
{
    const char *end;
    char separator;
    long long second, year, month, day;
    if (!deltarule_cut(text, &end, &second))
        return 0;
    year = deltarule_digits(&text, 4, 4);
    separator = year >= 0 ? *text : '\0';
    if (separator == '-' || separator == '/' || separator == '.') {
        text++;
        month = deltarule_digits(&text, 1, 2);
        if (month < 0 || *text++ != separator)
            return 0;
        day = deltarule_digits(&text, 1, 2);
    } else {
        month = year >= 0 ? deltarule_digits(&text, 2, 2) : -1;
        day = month >= 0 ? deltarule_digits(&text, 2, 2) : -1;
    }
    return day >= 0 && text == end && deltarule_seconds(year, month, day, second, seconds);
}

/* The place of a name of which the text begins with three letters, or with all; -1 where there is none. */
static int deltarule_name(const char **text, const char *const *names, int n, int whole)
{
    int place;
    for (place = 0; place < n; place++) {
        const char *const name = names[place];
        size_t k = 0;
        while (name[k] != '\0' && ((*text)[k] == name[k] || (*text)[k] == name[k] - 'a' + 'A'))
            k++;
        if (k >= 3) {
            *text += whole && name[k] == '\0' ? k : 3;
            return place;
        }
    }
    return -1;
}

static int deltarule_month_name(const char **text, int whole)
{
    static const char *const names[] = { "january", "february", "march", "april", "may", "june", "july",
        "august", "september", "october", "november", "december" };
    return 1 + deltarule_name(text, names, 12, whole);
}

static int deltarule_separates(char c)
{
    return c == ' ' || c == '-' || c == ',' || c == '.' || c == '/';
}

/* Day, month by its English name, and year, the first two in any order, and maybe a time. */
static int deltarule_month_by_name(const char *text, long long *seconds)
{
    const char *end;
    long long second, day = -1, month = 0, year = -1;
    int part;
    if (!deltarule_cut(text, &end, &second))
        return 0;
    for (part = 0; part < 3; part++) {
        int named = 0;
        while (text < end && deltarule_separates(*text))
            text++;
        if (part < 2 && month == 0)
            named = (month = deltarule_month_name(&text, 1)) > 0;
        if (part == 2)
            year = deltarule_digits(&text, 4, 4);
        else if (!named && day >= 0)
            return 0;
        else if (!named)
            day = deltarule_digits(&text, 1, 2);
        if (text > end || (text < end && !deltarule_separates(*text)))
            return 0;
    }
    while (text < end && deltarule_separates(*text))
        text++;
    return text == end && year >= 0 && day >= 0 && deltarule_seconds(year, month, day, second, seconds);
}

static int deltarule_literal(const char **text, const char *literal)
{
    const size_t n = strlen(literal);
    const int begins = strncmp(*text, literal, n) == 0;
    *text += begins ? n : 0;
    return begins;
}

/* What a text says twice must be the same. */
static int deltarule_set(long long *field, long long none, long long value)
{
    const int agrees = *field == none || *field == value;
    *field = value;
    return agrees;
}

static int deltarule_number(const char **text, int most, long long *field)
{
    const long long number = deltarule_space(text) ? deltarule_digits(text, 1, most) : -1;
    return number >= 0 && deltarule_set(field, -1, number);
}

/* A year of four digits, or of any with a sign. */
static int deltarule_year(const char **text, int most, long long *field)
{
    const char sign = deltarule_space(text) ? **text : '\0';
    const int is_signed = sign == '-' || sign == '+';
    long long year;
    *text += is_signed;
    year = deltarule_digits(text, 1, is_signed ? 15 : most);
    return year >= 0 && year < 262000 && deltarule_set(field, DELTARULE_NONE, sign == '-' ? -year : year);
}

static int deltarule_month(const char **text, int whole, long long *field)
{
    const int month = deltarule_month_name(text, whole);
    return month > 0 && deltarule_set(field, -1, month);
}

static int deltarule_weekday(const char **text, int whole, long long *field)
{
    static const char *const names[] = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };
    const int weekday = deltarule_name(text, names, 7, whole);
    return weekday >= 0 && deltarule_set(field, -1, weekday);
}

/* am or pm. */
static int deltarule_half(const char **text, long long *field)
{
    const char *const t = *text;
    const int pm = t[0] == 'p' || t[0] == 'P';
    if ((!pm && t[0] != 'a' && t[0] != 'A') || (t[1] != 'm' && t[1] != 'M'))
        return 0;
    *text += 2;
    return deltarule_set(field, -1, pm);
}

static int deltarule_fraction(const char **text)
{
    if (**text != '.')
        return 1;
    ++*text;
    if (deltarule_digits(text, 1, 9) < 0)
        return 0;
    while (**text >= '0' && **text <= '9')
        ++*text;
    return 1;
}

/* The name of a zone, up to the next space. */
static int deltarule_word(const char **text)
{
    while (**text != '\0' && **text != ' ' && (**text < '\t' || **text > '\r'))
        ++*text;
    return 1;
}

/* An offset from UTC, which does not count. */
static int deltarule_offset(const char **text, int may_be_z)
{
    const char *after;
    long long hours;
    deltarule_space(text);
    if (may_be_z && (**text == 'Z' || **text == 'z')) {
        ++*text;
        return 1;
    }
    if (**text != '+' && **text != '-')
        return 0;
    ++*text;
    hours = deltarule_digits(text, 2, 2);
    if (hours < 0 || hours > 23)
        return 0;
    do {
        after = *text;
        deltarule_space(text);
        *text += **text == ':';
    } while (*text != after);
    return **text <= '5' && deltarule_digits(text, 2, 2) >= 0;
}

/* The moment that a text tells of; 0 where it is none, or says what cannot be together. */
static int deltarule_moment(const struct deltarule_fields *f, long long *seconds)
{
    long long year = f->year, hour = f->hour, second = 0;
    struct deltarule_date date;
    if (f->minute > 59 || f->second > 60 || hour > 23 || f->hour_of_half == 0 || f->hour_of_half > 12)
        return 0;
    if (f->year_of_century >= 0) {
        if (year == DELTARULE_NONE)
            year = f->year_of_century + (f->year_of_century < 70 ? 2000 : 1900);
        else if (year < 0 || year % 100 != f->year_of_century)
            return 0;
    }
    if (hour < 0 && f->hour_of_half >= 0) {
        if (f->half < 0)
            return 0;
        hour = f->hour_of_half % 12 + 12 * f->half;
    }
    if (hour >= 0) {
        if ((f->hour_of_half >= 0 && f->hour_of_half % 12 != hour % 12) || (f->half >= 0 && f->half != hour / 12))
            return 0;
        second = 3600 * hour + 60 * (f->minute > 0 ? f->minute : 0) + (f->second == 60 ? 59 : f->second > 0 ? f->second : 0);
    }
    if (year == DELTARULE_NONE || !deltarule_seconds(year, f->month, f->day, second, seconds))
        return 0;
    deltarule_parts(*seconds, &date);
    return f->weekday < 0 || f->weekday == date.weekday;
}

static int deltarule_timestamp(const struct deltarule_fields *f, long long *seconds)
{
    *seconds = f->timestamp;
    return *seconds >= 0 && *seconds < 8210000000000LL;
}
